//go:build cluster && brokers

package cluster

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"

	"taskmaster/tests/system"
)

// redisReader reads streams of Redis over one connection.
type redisReader struct {
	conn    io.Writer
	replies *bufio.Reader
}

// do sends a command and returns its reply.
func (r redisReader) do(command ...string) (any, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(command))
	for _, word := range command {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := io.WriteString(r.conn, b.String()); err != nil {
		return nil, err
	}
	return r.reply()
}

// reply reads a text, a list or nil (https://redis.io/docs/latest/develop/reference/protocol-spec/).
func (r redisReader) reply() (any, error) {
	line, err := r.replies.ReadString('\n')
	if err != nil {
		return nil, err
	}
	kind, rest := line[0], strings.TrimSuffix(line[1:], "\r\n")
	if kind == '-' {
		return nil, errors.New(rest)
	}
	if kind != '$' && kind != '*' {
		return rest, nil
	}
	n, err := strconv.Atoi(rest)
	if err != nil || n < 0 {
		return nil, err
	}
	if kind == '$' {
		text := make([]byte, n+2)
		_, err := io.ReadFull(r.replies, text)
		return string(text[:n]), err
	}
	list := make([]any, n)
	for i := range list {
		if list[i], err = r.reply(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// observeRedis passes every event on Redis to take until the test ends.
func observeRedis(t *testing.T, address, ca, password string, take func(system.Event)) {
	t.Helper()
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM([]byte(ca))
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}}
	ctx, cancel := context.WithTimeout(t.Context(), clusterTimeout)
	defer cancel()
	var r redisReader
	var closeConn func() error
	err := system.Poll(ctx, func() error {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		r, closeConn = redisReader{conn, bufio.NewReader(conn)}, conn.Close
		_, err = r.do("AUTH", password)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		last := map[string]string{} // id by stream
		for {
			command := append([]string{"XREAD", "BLOCK", "1000", "STREAMS"}, system.EveryTopic...)
			for _, topic := range system.EveryTopic {
				id := last[topic]
				if id == "" {
					id = "0"
				}
				command = append(command, id)
			}
			reply, err := r.do(command...)
			if err != nil {
				return // the test has ended
			}
			streams, _ := reply.([]any)
			for _, stream := range streams {
				readStream(stream, last, take)
			}
		}
	})
	t.Cleanup(func() { _ = closeConn(); reading.Wait() })
}

// readStream passes the entries of one stream to take and notes the last id.
func readStream(stream any, last map[string]string, take func(system.Event)) {
	parts, _ := stream.([]any) // name and entries
	if len(parts) != 2 {
		return
	}
	topic, _ := parts[0].(string)
	entries, _ := parts[1].([]any)
	for _, entry := range entries {
		parts, _ := entry.([]any) // id and fields
		if len(parts) != 2 {
			continue
		}
		last[topic], _ = parts[0].(string)
		fields, _ := parts[1].([]any)
		for i := 0; i+1 < len(fields); i += 2 {
			if data, ok := fields[i+1].(string); ok && fields[i] == "data" {
				take(system.DecodeEvent(topic, []byte(data)))
			}
		}
	}
}
