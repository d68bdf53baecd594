package system

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"
)

// requestTimeout limits one request of a person.
const requestTimeout = 30 * time.Second

// Person is a user with an account who uses the web edge with a browser's session.
type Person struct {
	ID       string
	Email    string
	Password string
	// Base is the URL of the person's requests.
	Base string

	http *http.Client
	jar  http.CookieJar
}

// Problem is an answer other than the expected success.
//
//nolint:errname // RFC 9457's word
type Problem struct {
	Method, Path string
	Status       int
	Code         string
	Header       http.Header
	Body         string
}

// Error returns the request and the answer.
func (p *Problem) Error() string {
	return fmt.Sprintf("%s %s: %d %s", p.Method, p.Path, p.Status, p.Body)
}

// SignUp creates an account. All persons share connections, like tabs of one browser.
func (s *System) SignUp(ctx context.Context) (*Person, error) {
	if err := dependOnSource(); err != nil { // here, because the go command only counts files that tests read themselves
		return nil, err
	}
	return SignUp(ctx, s.URL, NewHTTPClient(4))
}

// NewHTTPClient returns a client that keeps as many connections open as are used at the same time.
func NewHTTPClient(conns int) *http.Client {
	return &http.Client{
		Timeout:   requestTimeout,
		Transport: &http.Transport{MaxIdleConnsPerHost: conns, IdleConnTimeout: time.Minute},
	}
}

// SignUp creates an account at an address.
func SignUp(ctx context.Context, base string, client *http.Client) (*Person, error) {
	return enter(ctx, base, client, "/signup", strings.ToLower(rand.Text())+"@example.com", rand.Text())
}

// LogIn logs in to an account that exists.
func LogIn(ctx context.Context, base string, client *http.Client, email, password string) (*Person, error) {
	return enter(ctx, base, client, "/login", email, password)
}

func enter(ctx context.Context, base string, client *http.Client, path, email, password string) (*Person, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	with := *client
	with.Jar = jar
	p := &Person{Email: email, Password: password, Base: base, http: &with, jar: jar}
	var user struct {
		ID string `json:"id"`
	}
	err = p.Do(ctx, "POST", path, map[string]string{"email": p.Email, "password": p.Password}, &user)
	p.ID = user.ID
	return p, err
}

// Cookies returns the person's session as a Cookie header.
func (p *Person) Cookies() string {
	u, err := url.Parse(p.Base)
	if err != nil {
		return ""
	}
	var pairs []string
	for _, c := range p.jar.Cookies(u) {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}

// Do sends a request to /api/v1 + path. It sends in as JSON and decodes the answer into out, unless
// they are nil. header holds pairs of name and value. Any status but 2xx is a *Problem.
func (p *Person) Do(ctx context.Context, method, path string, in, out any, header ...string) error {
	answer, err := p.Send(ctx, method, path, in, header...)
	if err != nil {
		return err
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Body, out); err != nil {
		return fmt.Errorf("%s %s: decode answer: %w", method, path, err)
	}
	return nil
}

// Answer is an HTTP answer with its body.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Send is Do, but returns the raw answer.
func (p *Person) Send(ctx context.Context, method, path string, in any, header ...string) (Answer, error) {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return Answer{}, err
		}
		body = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(ctx, method, p.Base+"/api/v1"+path, body)
	if err != nil {
		return Answer{}, err
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := p.http.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return Answer{}, fmt.Errorf("%s %s: read answer: %w", method, path, err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		problem := &Problem{Method: method, Path: path, Status: res.StatusCode, Header: res.Header, Body: strings.TrimSpace(string(raw))}
		var decoded struct {
			Code string `json:"code"`
		}
		if json.Unmarshal(raw, &decoded) == nil {
			problem.Code = decoded.Code
		}
		return Answer{}, problem
	}
	return Answer{Status: res.StatusCode, Header: res.Header, Body: raw}, nil
}

// Say sends a sentence to the assistant, and returns the events of the answer. Two turns of a person
// have different ids. Any status but 200 is a *Problem.
func (p *Person) Say(ctx context.Context, id, sentence string) (string, error) {
	body, err := json.Marshal(map[string]string{"id": id, "sentence": sentence})
	if err != nil {
		return "", err
	}
	return p.load(ctx, http.MethodPost, "/chat", bytes.NewReader(body), "Content-Type", "application/json")
}

// Page loads a page of the web edge as a browser without JavaScript does, and returns its HTML. Any
// status but 200 is a *Problem.
func (p *Person) Page(ctx context.Context, path string) (string, error) {
	return p.load(ctx, http.MethodGet, path, nil, "Accept", "text/html")
}

// load sends a request with a header to a path of the web edge, and returns the body of the answer.
func (p *Person) load(ctx context.Context, method, path string, body io.Reader, header, value string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, method, p.Base+path, body)
	if err != nil {
		return "", err
	}
	r.Header.Set(header, value)
	res, err := p.http.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return "", fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	if res.StatusCode != http.StatusOK {
		return "", &Problem{Method: method, Path: path, Status: res.StatusCode, Header: res.Header, Body: string(raw)}
	}
	return string(raw), nil
}
