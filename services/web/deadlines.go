package main

import (
	"io"
	"net/http"
	"time"
)

const (
	// bodyTimeout bounds the reading of a request's body.
	bodyTimeout = 2 * time.Minute
	// writeTimeout bounds how long a client may keep one write of an answer waiting; the answer itself may go on.
	writeTimeout = 30 * time.Second
)

// withDeadlines keeps clients that send a body or read an answer too slowly from holding what they use. What becomes a
// WebSocket is free of it.
func withDeadlines(h http.Handler, body, write time.Duration) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(rw)
		if r.ContentLength != 0 {
			// A connection that does not take a deadline is broken, and the next read says so.
			_ = rc.SetReadDeadline(time.Now().Add(body))
			r = withBody(r, &timedBody{r.Body, rc})
		}
		h.ServeHTTP(&timedWriter{rw, rc, write}, r)
	})
}

// timedBody lifts the deadline at the body's end: the server goes on reading, to notice that the client leaves.
type timedBody struct {
	io.ReadCloser
	rc *http.ResponseController
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		_ = b.rc.SetReadDeadline(time.Time{}) // as above
	}
	return n, err
}

// withBody returns r with another body. The server looks at its own request's body when the handler is done, to decide
// what to do with what was not read, so that one has to stay as it is.
func withBody(r *http.Request, body io.ReadCloser) *http.Request {
	r = r.WithContext(r.Context())
	r.Body = body
	return r
}

// timedWriter sets the deadline anew with every write; the last one also stands for what the server flushes after the
// handler. The server lifts it before the next request.
type timedWriter struct {
	http.ResponseWriter
	rc      *http.ResponseController
	timeout time.Duration
}

func (w *timedWriter) Write(p []byte) (int, error) {
	_ = w.rc.SetWriteDeadline(time.Now().Add(w.timeout)) // as above
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController, by which an answer is flushed or its connection taken over.
func (w *timedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
