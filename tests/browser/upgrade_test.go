//go:build browser

package browser

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"taskmaster/internal/portblock"
	"taskmaster/tests/system"
)

// startNewerWeb builds a web service with a changed template and starts it beside the system's own. It
// returns its address.
func startNewerWeb(t *testing.T) string {
	t.Helper()
	root, err := system.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	layout := filepath.Join(root, "services", "web", "templates", "layout.html")
	page, err := os.ReadFile(layout)
	if err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(dir, "layout.html")
	newer := bytes.Replace(page, []byte("Skip to the tasks"), []byte("Skip to your tasks"), 1)
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{layout: changed}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{changed: newer, filepath.Join(dir, "overlay.json"): overlay} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(dir, "web")
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, "./services/web")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the newer web: %v\n%s", err, out)
	}

	ports, release, err := portblock.Take(t.Context(), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))
	urls := map[string]string{}
	for _, name := range []string{"api", "live"} {
		process, err := shared.Process(system.RoleService, name, 1)
		if err != nil {
			t.Fatal(err)
		}
		urls[name] = "http://" + process.Address
	}
	web := exec.CommandContext(t.Context(), program)
	web.Env = append(os.Environ(), "LISTEN_ADDR="+address, "APP_API_TOKEN=x", "API_URLS="+urls["api"], "LIVE_URLS="+urls["live"], "LOG_FORMAT=text")
	web.Stdout, web.Stderr = t.Output(), t.Output()
	if err := web.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = web.Process.Kill() // it may have ended
		_ = web.Wait()
	})
	err = system.Poll(within(t), func() error {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/healthz", nil)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(r)
		if err == nil {
			err = res.Body.Close()
		}
		return err
	})
	if err != nil {
		t.Fatalf("wait for the newer web: %v", err)
	}
	return address
}

// A page that is open during an upgrade announces the new version. It reloads by itself, but not
// while somebody types.
func TestUpgrade(t *testing.T) {
	p := newPerson(t)
	var address atomic.Value
	address.Store(strings.TrimPrefix(shared.URL, "http://"))
	link, err := system.NewLink(t.Context(), func() (string, error) { return address.Load().(string), nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(link.Close)
	d := newDevice(t)
	d.url = "http://" + link.Address()
	d.login(p.Person)
	w := d.window()
	w.watch.excuseNetwork()
	w.open("/all")
	w.live()
	w.do(mark)
	w.click(line)
	w.press("half a sentence")

	address.Store(startNewerWeb(t))
	link.Cut()
	link.Mend()
	w.seeText("A new version of TaskMaster is there.")
	w.live()
	w.see(`window.marked && document.getElementById("line").value === "half a sentence" && document.querySelector(".skip").textContent === "Skip to the tasks"`)
	w.fill(line, " ")
	w.press("\b")
	w.see(`!window.marked && document.querySelector(".skip").textContent === "Skip to your tasks"`)
	w.live()
	p.create(fields{"title": "after the upgrade", "due_at": today()})
	w.shows("after the upgrade")
	w.see(`!document.body.innerText.includes("A new version")`)
}
