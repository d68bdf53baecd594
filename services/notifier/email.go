package main

import (
	"context"
	"crypto/tls"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/wneessen/go-mail"

	"taskmaster/internal/postgres"
)

//go:embed email.html
var emailHTML string

// smtpServer is the mail server for outgoing e-mail.
type smtpServer struct {
	host, user, password string
	port                 int
	implicitTLS          bool
	policy               mail.TLSPolicy
}

// postman sends e-mail over SMTP. It is nil if e-mail is not configured.
type postman struct {
	server smtpServer
	from   *netmail.Address
	page   *template.Template
	// publicURL is the address that links begin with.
	publicURL string
}

// newPostman returns nil if e-mail is not configured.
func newPostman(cfg config) (*postman, error) {
	if cfg.SMTPURL == "" {
		return nil, nil
	}
	server, err := parseSMTP(cfg.SMTPURL)
	if err != nil {
		return nil, err
	}
	from, err := netmail.ParseAddress(cfg.SMTPFrom)
	if err != nil {
		return nil, errors.New("SMTP_FROM is not an address such as TaskMaster <reminders@example.com>")
	}
	page, err := template.New("email").Parse(emailHTML)
	if err != nil {
		return nil, fmt.Errorf("parse e-mail: %w", err)
	}
	return &postman{server: server, from: from, page: page, publicURL: strings.TrimSuffix(cfg.PublicURL, "/")}, nil
}

// errNoMail is the failure of an e-mail on a server without a mail server.
var errNoMail = &failure{reason: "e-mail is not configured on this server", permanent: true}

// reminder sends a delivery. The Message-ID derives from the delivery's ID. A permanent refusal (5xx)
// of the recipient or the content is permanent. A refusal of the sender, or a server that is away, is
// not.
func (p *postman) reminder(ctx context.Context, a postgres.Attempt) *failure {
	if p == nil {
		return errNoMail
	}
	n := newNote(a, p.publicURL)
	if p.publicURL == "" {
		n.Link = "" // a mailbox cannot resolve a relative link
	}
	return p.send(ctx, a.Channel.Address, a.Delivery.ID, n)
}

// send sends a note to an address.
func (p *postman) send(ctx context.Context, to string, id uuid.UUID, n note) *failure {
	message, err := p.newMessage(to, id, n)
	if err != nil {
		return &failure{reason: "its address is not one that e-mail can be sent to", permanent: true}
	}
	client, err := p.server.client(ctx)
	if err != nil {
		return &failure{reason: "the mail server's settings are broken"}
	}
	err = client.DialAndSendWithContext(ctx, message)
	if err == nil || message.IsDelivered() {
		return nil // the server has accepted the message; a later error does not matter
	}
	return refused(ctx, err)
}

func (p *postman) newMessage(to string, id uuid.UUID, n note) (*mail.Msg, error) {
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	m.FromMailAddress(p.from)
	if err := m.To(to); err != nil {
		return nil, err
	}
	_, domain, _ := strings.Cut(p.from.Address, "@")
	m.SetMessageIDWithValue(id.String() + "@" + domain)
	m.SetDate()
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.Subject(n.Subject)
	m.SetBodyString(mail.TypeTextPlain, n.text())
	if err := m.AddAlternativeHTMLTemplate(p.page, n); err != nil {
		return nil, err
	}
	return m, nil
}

// text returns the note as plain text.
func (n note) text() string {
	parts := []string{n.Title, n.Body}
	for _, s := range []string{n.Description, n.Link} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "\n\n") + "\n"
}

// refused returns the failure of a message that the mail server did not accept.
func refused(ctx context.Context, err error) *failure {
	sent, ok := errors.AsType[*mail.SendError](err)
	if !ok || sent.ErrorCode() == 0 {
		failed := unreached(ctx, err)
		failed.reason = "mail server: " + failed.reason
		return failed
	}
	about := "the message"
	switch sent.Reason {
	case mail.ErrSMTPRcptTo:
		about = "the address"
	case mail.ErrSMTPMailFrom:
		about = "the sender"
	default:
	}
	return &failure{
		reason:    fmt.Sprintf("the mail server refused %s with %d", about, sent.ErrorCode()),
		permanent: sent.ErrorCode() >= 500 && sent.Reason != mail.ErrSMTPMailFrom,
		cause:     err,
	}
}

// client returns a client for one message. Its connection ends with ctx.
func (s smtpServer) client(ctx context.Context) (*mail.Client, error) {
	dial := func(dialCtx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(dialCtx, network, address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = conn.Close() })
		if s.implicitTLS {
			return tls.Client(conn, &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12}), nil
		}
		return conn, nil
	}
	opts := []mail.Option{mail.WithPort(s.port), mail.WithTLSPolicy(s.policy), mail.WithDialContextFunc(dial), mail.WithoutNoop()}
	if s.user != "" {
		opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.user), mail.WithPassword(s.password))
	}
	return mail.NewClient(s.host, opts...)
}

// parseSMTP parses SMTP_URL. Its errors do not contain the URL, because it holds a password.
func parseSMTP(raw string) (smtpServer, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return smtpServer{}, errors.New("SMTP_URL is not smtp://user:password@host:587 or smtps://user:password@host:465")
	}
	password, _ := u.User.Password()
	s := smtpServer{host: u.Hostname(), user: u.User.Username(), password: password, port: 587, policy: mail.TLSOpportunistic}
	if u.Scheme == "smtps" {
		// The connection is encrypted before the server's greeting. The server then offers no
		// STARTTLS.
		s.port, s.implicitTLS = 465, true
	}
	if p := u.Port(); p != "" {
		if s.port, err = strconv.Atoi(p); err != nil {
			return smtpServer{}, errors.New("SMTP_URL has a port that is not a number")
		}
	}
	switch u.Query().Get("tls") {
	case "", "opportunistic":
	case "mandatory":
		if !s.implicitTLS {
			s.policy = mail.TLSMandatory
		}
	case "none":
		s.policy = mail.NoTLS
	default:
		return smtpServer{}, errors.New("SMTP_URL has tls= that is not mandatory, opportunistic or none")
	}
	return s, nil
}
