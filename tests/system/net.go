package system

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"taskmaster/internal/portblock"
)

// getOK requests a URL and returns an error unless the answer is 2xx.
func getOK(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	client := http.Client{Timeout: 5 * time.Second}
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode > 299 {
		return fmt.Errorf("%s answers %d", url, res.StatusCode)
	}
	return nil
}

// freePorts returns free ports of 127.0.0.1. No other system gets them until release is called.
func freePorts(ctx context.Context, n int) (ports []int, release func(), err error) {
	return portblock.Take(ctx, slices.Repeat([]string{"127.0.0.1"}, n)...)
}
