package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/coder/websocket"
)

// echo is a live service that sends every message back.
func echo(t *testing.T) string {
	t.Helper()
	return upstream(t, func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			return
		}
		defer conn.CloseNow()
		for {
			kind, body, err := conn.Read(r.Context())
			if err != nil {
				return
			}
			if string(body) == "bye" {
				conn.Close(websocket.StatusGoingAway, "bye")
				return
			}
			if conn.Write(r.Context(), kind, append([]byte(r.URL.RawQuery+" "+r.Header.Get("Origin")+" "), body...)) != nil {
				return
			}
		}
	})
}

// dial opens a WebSocket through web. It returns the connection and the header of the handshake.
func (e *env) dial(ctx context.Context) (*websocket.Conn, http.Header) {
	e.t.Helper()
	conn, res, err := websocket.Dial(ctx, e.url+"/live?since=7", &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"https://tasks.example.com"}}})
	if err != nil {
		e.t.Fatal(err)
	}
	if res.Body != nil {
		res.Body.Close()
	}
	e.t.Cleanup(func() { conn.CloseNow() })
	return conn, res.Header
}

func TestWebSocket(t *testing.T) {
	t.Parallel()
	e := start(t, config{LiveURLs: []string{closedURL, echo(t)}})
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	for range 3 {
		conn, header := e.dial(ctx)
		if got := header.Get("X-Content-Type-Options"); got != "nosniff" {
			t.Errorf("the handshake's X-Content-Type-Options is %q", got)
		}
		if err := conn.Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		_, got, err := conn.Read(ctx)
		if want := "since=7 https://tasks.example.com hello"; err != nil || string(got) != want {
			t.Fatalf("got %q, %v, want %q", got, err, want)
		}
		// The reason for closing reaches the client.
		if err := conn.Write(ctx, websocket.MessageText, []byte("bye")); err != nil {
			t.Fatal(err)
		}
		if _, _, err = conn.Read(ctx); websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("got %v, want going away", err)
		}
	}
}

func TestStopEndsWebSockets(t *testing.T) {
	t.Parallel()
	e := start(t, config{LiveURLs: []string{echo(t)}})
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	conn, _ := e.dial(ctx)
	e.stop()
	e.wantStopped()
	if _, _, err := conn.Read(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("got %v, want the connection closed", err)
	}
}

// Events of an upstream arrive as they are sent. The stream ends when web stops.
func TestServerSentEvents(t *testing.T) {
	t.Parallel()
	proceed, ended := make(chan struct{}), make(chan struct{})
	api := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		w.Header().Set("Content-Type", "text/event-stream")
		for _, line := range []string{"data: 1\n", "data: 2\n"} {
			io.WriteString(w, line)
			http.NewResponseController(w).Flush()
			select {
			case <-proceed:
			case <-r.Context().Done():
				return
			}
		}
	})
	e := start(t, config{APIURLs: []string{api}})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.url+"/mcp", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := e.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	for _, want := range []string{"data: 1\n", "data: 2\n"} {
		if got, err := lines.ReadString('\n'); got != want {
			t.Fatalf("got %q, %v, want %q", got, err, want)
		}
		if want == "data: 1\n" {
			proceed <- struct{}{}
		}
	}
	e.stop()
	e.wantStopped()
	<-ended
}
