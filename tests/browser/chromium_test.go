//go:build browser

package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

// chromiumNames are the usual program names of Chromium. The variable CHROMIUM names another.
var chromiumNames = []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome"}

func findChromium() (string, error) {
	if named := os.Getenv("CHROMIUM"); named != "" {
		return named, nil
	}
	for _, name := range chromiumNames {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("Chromium is missing: on Debian `apt-get install chromium`, elsewhere set CHROMIUM to the browser's program")
}

// startChromium starts the browser with its own profile. chromedp disables the sandbox only for
// root, which cannot use one.
func startChromium(ctx context.Context, profile string) (context.Context, func(), error) {
	program, err := findChromium()
	if err != nil {
		return nil, nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.UserDataDir(profile),
		chromedp.WSURLReadTimeout(time.Minute),
		chromedp.Flag("headless", "new"),
		chromedp.Flag("lang", "en-GB"),
		chromedp.Env("TZ=Europe/Berlin"),
	)
	ctx, closeAllocator := chromedp.NewExecAllocator(ctx, options...)
	ctx, closeBrowser := chromedp.NewContext(ctx, chromedp.WithErrorf(logUnknown))
	if err := chromedp.Run(ctx); err != nil {
		closeBrowser()
		closeAllocator()
		return nil, nil, fmt.Errorf("start %s: %w", program, err)
	}
	return ctx, func() { closeBrowser(); closeAllocator() }, nil
}

// logUnknown prints chromedp's errors, except those about events of a newer browser.
func logUnknown(format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	if !strings.Contains(message, "could not unmarshal event") && !strings.Contains(message, "unhandled") {
		fmt.Fprintln(os.Stderr, "chromedp:", message)
	}
}
