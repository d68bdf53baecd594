package system

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/mail"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

// Mailbox is an SMTP server that keeps all messages. The Text of a Notification contains all
// readable parts of the message.
type Mailbox struct {
	Inbox Inbox[Notification]
	// URL is the value for SMTP_URL.
	URL string

	server *smtp.Server
}

// ReceiveMail starts an SMTP server.
func ReceiveMail() (*Mailbox, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start SMTP server: %w", err)
	}
	m := &Mailbox{URL: "smtp://" + ln.Addr().String()}
	m.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &letter{box: m}, nil }))
	m.server.Domain = "localhost"
	m.server.ReadTimeout, m.server.WriteTimeout = time.Minute, time.Minute
	go func() { _ = m.server.Serve(ln) }() // until Close
	return m, nil
}

// Close stops the server.
func (m *Mailbox) Close() { _ = m.server.Close() }

// letter is one SMTP session.
type letter struct {
	box *Mailbox
	to  []string
}

func (l *letter) Mail(string, *smtp.MailOptions) error { return nil }
func (l *letter) Reset()                               { l.to = nil }
func (l *letter) Logout() error                        { return nil }

func (l *letter) Rcpt(to string, _ *smtp.RcptOptions) error {
	l.to = append(l.to, to)
	return nil
}

func (l *letter) Data(r io.Reader) error {
	n := Notification{To: strings.Join(l.to, ","), Arrived: time.Now()}
	message, err := mail.ReadMessage(r)
	if err != nil {
		n.Err = err
		l.box.Inbox.Add(n)
		return nil //nolint:nilerr // the letter was taken; what is wrong with it is for the test to see
	}
	n.Header = http.Header(message.Header)
	n.ID, _, _ = strings.Cut(strings.Trim(message.Header.Get("Message-Id"), "<>"), "@")
	subject, err := new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject"))
	n.Text, n.Err = subject+"\n", err
	body, err := readable(message.Header.Get("Content-Type"), message.Header.Get("Content-Transfer-Encoding"), message.Body)
	n.Text += body
	if n.Err == nil {
		n.Err = err
	}
	l.box.Inbox.Add(n)
	return nil
}

// readable returns the text of a message or of one part.
func readable(contentType, encoding string, body io.Reader) (string, error) {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", fmt.Errorf("content type %q: %w", contentType, err)
	}
	if strings.HasPrefix(media, "multipart/") {
		var text strings.Builder
		for parts := multipart.NewReader(body, params["boundary"]); ; {
			part, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return text.String(), nil
			}
			if err != nil {
				return "", err
			}
			s, err := readable(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part)
			if err != nil {
				return "", err
			}
			text.WriteString(s + "\n")
		}
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	raw, err := io.ReadAll(body)
	return string(raw), err
}
