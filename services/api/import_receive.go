package main

import (
	"errors"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"

	"taskmaster/internal/server"
)

// receive reads the body of an import. The bytes that have arrived take room in memory until the
// caller calls free, which is never nil. A client that pauses for too long is dropped.
func (i *imports) receive(w http.ResponseWriter, r *http.Request) (body []byte, free func(), err error) {
	// A connection without deadlines, as in tests, needs none.
	connection := http.NewResponseController(w)
	upload := &uploadBody{
		ReadCloser: r.Body, room: i.uploads, end: time.Now().Add(importUpload), stall: i.stall,
		setDeadline: func(at time.Time) { _ = connection.SetReadDeadline(at) },
	}
	// The server inspects the body of its own request after the handler. It must therefore stay.
	r = r.WithContext(r.Context())
	r.Body = upload
	body, err = server.ReadBody(w, r, maxImport)
	if upload.full {
		err = errImportsBusy
	}
	if err == nil {
		// After an error the deadline stays. The server would wait for the rest of the body.
		upload.setDeadline(time.Time{})
	}
	return body, func() { i.uploads.Release(upload.taken) }, err
}

// errNoRoom ends the reading of a body that does not fit beside the other imports.
var errNoRoom = errors.New("no room for the body")

// uploadBody takes room for the bytes of a body as they arrive.
type uploadBody struct {
	io.ReadCloser
	room  *semaphore.Weighted
	taken int64
	// full reports whether there was no room.
	full bool
	// end is when the whole body has to be there, and stall the longest pause.
	end         time.Time
	stall       time.Duration
	setDeadline func(time.Time)
}

func (b *uploadBody) Read(p []byte) (int, error) {
	deadline := time.Now().Add(b.stall)
	if b.end.Before(deadline) {
		deadline = b.end
	}
	b.setDeadline(deadline)
	n, err := b.ReadCloser.Read(p)
	if n == 0 {
		return n, err
	}
	if !b.room.TryAcquire(int64(n)) {
		b.full = true
		return 0, errNoRoom
	}
	b.taken += int64(n)
	return n, err
}
