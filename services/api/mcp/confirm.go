package mcp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"taskmaster/internal/task"
)

// maxUnconfirmed is the largest number of tasks that a call changes without a confirmation.
const maxUnconfirmed = 5

// confirmTime is how long a confirmation is valid. A person reads the list and answers in it.
const confirmTime = 15 * time.Minute

// confirmed is the argument that confirms a call.
type confirmed struct {
	Token string `json:"confirm_token,omitempty" doc:"The confirm_token of the first answer. Send it with the same other arguments, after the user said yes."`
}

// confirmToken returns the token that confirms a call. It signs the tool, its other arguments, and the
// tasks with their revisions, so that it fits only the list that the user saw. No replica has to store it.
func (c *client) confirmToken(tool string, arguments any, tasks []task.Task, until time.Time) (string, error) {
	raw, err := json.Marshal(arguments)
	if err != nil {
		return "", fmt.Errorf("encode arguments: %w", err)
	}
	versions := make([]string, len(tasks))
	for i, t := range tasks {
		versions[i] = t.ID.String() + " " + t.Version(c.account.Epoch)
	}
	slices.Sort(versions)
	expiry := binary.BigEndian.AppendUint64(nil, uint64(until.Unix())) //nolint:gosec // after 1970
	mac := hmac.New(sha256.New, c.account.Key)
	fmt.Fprintf(mac, "%s\n%s\n%s\n%x", tool, raw, strings.Join(versions, "\n"), expiry)
	return base64.RawURLEncoding.EncodeToString(append(expiry, mac.Sum(nil)...)), nil
}

// checkConfirmed returns the token to ask with, or "" if the call is confirmed. Another or an expired
// token counts as none.
func (c *client) checkConfirmed(given confirmed, tool string, arguments any, tasks []task.Task) (string, error) {
	if raw, err := base64.RawURLEncoding.DecodeString(given.Token); err == nil && len(raw) > 8 {
		until := time.Unix(int64(binary.BigEndian.Uint64(raw)), 0) //nolint:gosec // the signature covers it
		want, err := c.confirmToken(tool, arguments, tasks, until)
		if err != nil {
			return "", err
		}
		if hmac.Equal([]byte(want), []byte(given.Token)) && c.now.Before(until) {
			return "", nil
		}
	}
	return c.confirmToken(tool, arguments, tasks, c.now.Add(confirmTime))
}
