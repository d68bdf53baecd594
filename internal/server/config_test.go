package server

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

type testConfig struct {
	Common
	Wait     time.Duration `env:"WAIT" default:"3s" validate:"min=1s"`
	Networks []string      `env:"NETWORKS" validate:"dive,cidr"`
	Secure   bool          `env:"SECURE"`
	Secret   string        `env:"SECRET" validate:"omitempty,min=10"`
}

func environment(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func TestLoadConfig(t *testing.T) {
	t.Parallel()
	var got testConfig
	err := LoadConfig(&got, environment(map[string]string{
		"APP_API_TOKEN": "secret", "LISTEN_ADDR": "127.0.0.1:8081", "NETWORKS": "10.0.0.0/8, 192.168.0.0/16", "SECURE": "true", "WAIT": "5s",
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := testConfig{
		Common: Common{ListenAddr: "127.0.0.1:8081", LogFormat: "json", LogLevel: "info", LogRequests: true, TraceRatio: 0.1, AppAPIToken: "secret", DaprGRPCPort: 50001, DaprHTTPPort: 3500},
		Wait:   5 * time.Second, Networks: []string{"10.0.0.0/8", "192.168.0.0/16"}, Secure: true,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestLoadConfigNamesEveryProblem(t *testing.T) {
	t.Parallel()
	err := LoadConfig(&testConfig{}, environment(map[string]string{
		"LISTEN_ADDR": "nowhere", "LOG_LEVEL": "loud", "DAPR_GRPC_PORT": "70000", "WAIT": "soon", "NETWORKS": "10.0.0.0", "SECURE": "yes!",
		"SECRET": "hunter2",
	}))
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{"LISTEN_ADDR", "LOG_LEVEL", "debug, info", "APP_API_TOKEN is required", "DAPR_GRPC_PORT", "WAIT", "30s", "NETWORKS", "10.0.0.0/8", "SECURE", "SECRET"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want %q in it", err, want)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error shows a secret: %v", err)
	}
}

func TestOriginHasNoPath(t *testing.T) {
	t.Parallel()
	for raw, ok := range map[string]bool{
		"https://tasks.example.com": true, "http://localhost:8080/": true, "HTTPS://Tasks.Example.com": true, "http://[::1]:80": true,
		"https://example.com/tasks": false, "https://example.com/?a=b": false, "https://example.com?": false, "https://example.com/#a": false,
		"https://me@example.com": false, "ftp://example.com": false, "tasks.example.com": false, "https://": false, "https://:80": false, "%": false,
	} {
		var c struct {
			URL string `env:"URL" validate:"omitempty,origin"`
		}
		err := LoadConfig(&c, environment(map[string]string{"URL": raw}))
		if ok && err != nil {
			t.Errorf("%s: got error %v", raw, err)
		}
		if !ok && (err == nil || !strings.Contains(err.Error(), "URL is not a scheme and a host alone")) {
			t.Errorf("%s: got error %v, want one that names the problem", raw, err)
		}
	}
}
