package main

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
	gomail "github.com/wneessen/go-mail"

	"taskmaster/internal/postgres"
)

// mailServer is a real SMTP server. It refuses recipients by refuse and keeps the accepted
// messages.
type mailServer struct {
	addr string
	// refuse is called at RCPT for the nth recipient, counted from 0.
	refuse func(n int) error
	mu     sync.Mutex
	asked  int
	got    []letter
}

type letter struct {
	from, to string
	raw      string
}

func newMailServer(t *testing.T, refuse func(n int) error) *mailServer {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mailServer{addr: ln.Addr().String(), refuse: refuse}
	s := smtp.NewServer(m)
	s.Domain = "localhost"
	go s.Serve(ln)
	t.Cleanup(func() { s.Close() })
	return m
}

func (m *mailServer) configure(c *config) {
	c.SMTPURL, c.SMTPFrom = "smtp://"+m.addr, "TaskMaster <reminders@example.com>"
	c.PublicURL = "https://tasks.example.com"
}

func (m *mailServer) letters() []letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]letter(nil), m.got...)
}

// NewSession starts a session of the server.
func (m *mailServer) NewSession(*smtp.Conn) (smtp.Session, error) {
	return &mailSession{server: m}, nil
}

type mailSession struct {
	server *mailServer
	letter letter
}

func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	s.letter.from = from
	return nil
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.letter.to += to
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.asked++
	if s.server.refuse != nil {
		return s.server.refuse(s.server.asked - 1)
	}
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.letter.raw = string(raw)
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.got = append(s.server.got, s.letter)
	return nil
}

func (s *mailSession) Reset()        { s.letter = letter{} }
func (s *mailSession) Logout() error { return nil }

var testEmail = postgres.Channel{Kind: postgres.ChannelEmail, Address: "ada@example.com"}

func TestEmail(t *testing.T) {
	t.Parallel()
	f, m := newFixture(t), newMailServer(t, nil)
	f.confirm(t)
	f.addChannel(t, testEmail)
	e := f.reminder(t, f.user, "Pay rent\r\nBcc: victim@example.com\r\n\r\nÄ <script>")
	f.start(t, testTiming, m.configure).want(t, e)
	d := f.settled(t, f.user, 1, postgres.DeliverySent)[0]

	letters := m.letters()
	if len(letters) != 1 || letters[0].to != "ada@example.com" || letters[0].from != "reminders@example.com" {
		t.Fatalf("got %+v, want one letter to ada@example.com", letters)
	}
	got, err := mail.ReadMessage(strings.NewReader(letters[0].raw))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ got, want string }{
		"subject":    {subject, "Reminder: Pay rent  Bcc: victim@example.com    Ä <script>"},
		"Bcc":        {got.Header.Get("Bcc"), ""},
		"To":         {got.Header.Get("To"), "<ada@example.com>"},
		"From":       {got.Header.Get("From"), `"TaskMaster" <reminders@example.com>`},
		"Message-ID": {got.Header.Get("Message-Id"), "<" + d.ID.String() + "@example.com>"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", name, tt.got, tt.want)
		}
	}
	parts := partsOf(t, got)
	link := "https://tasks.example.com/task/" + e.Data.TaskID.String()
	for _, want := range []string{"Due Tue 10 Feb 2026 16:00 CET", "Not <b>too</b> late", "Ä <script>", link} {
		if !strings.Contains(parts["text/plain"], want) {
			t.Errorf("the text has no %q:\n%s", want, parts["text/plain"])
		}
	}
	for _, want := range []string{"Due Tue 10 Feb 2026 16:00 CET", "Not &lt;b&gt;too&lt;/b&gt; late", "Ä &lt;script&gt;", link} {
		if !strings.Contains(parts["text/html"], want) {
			t.Errorf("the HTML has no %q:\n%s", want, parts["text/html"])
		}
	}
}

// partsOf returns the parts of a message by content type.
func partsOf(t *testing.T, m *mail.Message) map[string]string {
	t.Helper()
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("got a message of type %s (%v), want multipart/alternative", kind, err)
	}
	parts := map[string]string{}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return parts
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		parts[kind] = string(body)
	}
}

func TestEmailRefused(t *testing.T) {
	t.Parallel()
	unknown := &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	busy := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted"}
	for name, tt := range map[string]struct {
		refuse   func(n int) error
		state    string
		attempts int
		reason   string
	}{
		"for good": {func(int) error { return unknown }, postgres.DeliveryGivenUp, 1, "the mail server refused the address with 550"},
		"for now": {func(n int) error {
			if n == 0 {
				return busy
			}
			return nil
		}, postgres.DeliverySent, 2, ""},
		"for now, for ever": {func(int) error { return busy }, postgres.DeliveryGivenUp, 3, "the mail server refused the address with 451"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, m := newFixture(t), newMailServer(t, tt.refuse)
			f.confirm(t)
			f.addChannel(t, testEmail)
			f.start(t, testTiming, m.configure).want(t, f.reminder(t, f.user, "x"))
			d := f.settled(t, f.user, 1, tt.state)[0]
			if d.Attempts != tt.attempts || d.Reason != tt.reason {
				t.Errorf("got %q after %d attempts, want %q after %d", d.Reason, d.Attempts, tt.reason, tt.attempts)
			}
		})
	}
}

func TestSilentMailServerDoesNotBlockTheAttempt(t *testing.T) {
	t.Parallel()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() }) // it accepts connections and never answers
	f, quick := newFixture(t), testTiming
	quick.schedule, quick.attempt = nil, testTiming.attempt/10
	f.confirm(t)
	f.addChannel(t, testEmail)
	m := &mailServer{addr: ln.Addr().String()}
	f.start(t, quick, m.configure).want(t, f.reminder(t, f.user, "x"))
	d := f.settled(t, f.user, 1, postgres.DeliveryGivenUp)[0]
	if d.Reason != "mail server: it did not answer in time" {
		t.Errorf("got %q", d.Reason)
	}
}

func TestNotSetUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.confirm(t)
	f.addChannel(t, testEmail)
	f.addChannel(t, newBrowser(t, nil).channel())
	f.start(t, testTiming).want(t, f.reminder(t, f.user, "x"))
	want := map[string]string{
		postgres.ChannelEmail:   "e-mail is not configured on this server",
		postgres.ChannelWebPush: "web push is not set up on this server",
	}
	for _, d := range f.settled(t, f.user, 2, postgres.DeliveryGivenUp) {
		if d.Reason != want[d.ChannelKind] {
			t.Errorf("%s: got %q, want %q", d.ChannelKind, d.Reason, want[d.ChannelKind])
		}
	}
}

func TestSMTPURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]smtpServer{
		"smtp://mail.example.com":             {host: "mail.example.com", port: 587, policy: gomail.TLSOpportunistic},
		"smtp://mail.example.com:25?tls=none": {host: "mail.example.com", port: 25, policy: gomail.NoTLS},
		"smtp://me:pa%40ss@mail.example.com:2525?tls=mandatory": {
			host: "mail.example.com", port: 2525, user: "me", password: "pa@ss", policy: gomail.TLSMandatory},
		"smtps://me@mail.example.com": {host: "mail.example.com", port: 465, user: "me", implicitTLS: true, policy: gomail.TLSOpportunistic},
	} {
		if got, err := parseSMTP(raw); got != want || err != nil {
			t.Errorf("%s: got %+v, %v, want %+v", raw, got, err, want)
		}
	}
	for _, raw := range []string{
		"smtp://me:topsecret@mail.example.com?tls=maybe", "http://me:topsecret@mail.example.com", "me:topsecret@mail.example.com:25",
		"smtp://me:topsecret@mail.example.com:x", "smtp://me:topsecret@",
	} {
		if got, err := parseSMTP(raw); err == nil || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%s: got %+v, %v, want an error without the password", raw, got, err)
		}
	}
}
