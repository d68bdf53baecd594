package proxy

import (
	"io"
	"net/http"
	"time"
)

const (
	// bodyTimeout bounds the reading of a request's body.
	bodyTimeout = 2 * time.Minute
	// writeTimeout bounds how long a client may block one write of a response. The whole response
	// may take longer.
	writeTimeout = 30 * time.Second
)

// WithDeadlines limits clients that send a body or read a response too slowly. Otherwise they could
// hold connections for hours. WebSockets are not limited after their upgrade.
func WithDeadlines(h http.Handler) http.Handler { return withDeadlines(h, bodyTimeout, writeTimeout) }

func withDeadlines(h http.Handler, body, write time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		if r.ContentLength != 0 {
			// Setting a deadline fails only on a broken connection. The next read then returns the
			// error.
			_ = rc.SetReadDeadline(time.Now().Add(body))
			r = withBody(r, &timedBody{r.Body, rc})
		}
		h.ServeHTTP(&timedWriter{w, rc, write}, r)
	})
}

// timedBody removes the deadline at the end of the body. The server keeps reading after it, to
// notice that the client disconnects.
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

// withBody returns a copy of r with another body. After the handler, the server inspects the body
// of its own request to decide about the unread rest. The original request must therefore keep its
// body.
func withBody(r *http.Request, body io.ReadCloser) *http.Request {
	r = r.WithContext(r.Context())
	r.Body = body
	return r
}

// timedWriter sets a new deadline before every write. The last deadline also covers the server's
// flush after the handler. The server removes it before the next request.
type timedWriter struct {
	http.ResponseWriter
	rc      *http.ResponseController
	timeout time.Duration
}

func (tw *timedWriter) Write(p []byte) (int, error) {
	_ = tw.rc.SetWriteDeadline(time.Now().Add(tw.timeout)) // as above
	return tw.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController flush the response or take over its connection.
func (tw *timedWriter) Unwrap() http.ResponseWriter { return tw.ResponseWriter }
