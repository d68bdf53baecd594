package main

import (
	"context"
	"net/http"
	"strings"
)

// Shapes of https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks.
type (
	slackMessage struct {
		Text   string       `json:"text"` // what a notification on a phone shows
		Blocks []slackBlock `json:"blocks"`
	}
	slackBlock struct {
		Type string    `json:"type"`
		Text slackText `json:"text"`
	}
	slackText struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
)

// sectionLimit is how long a section's text may be, in characters.
const sectionLimit = 3000

// slackEscape replaces the three characters by which Slack knows links and mentions, so that nothing calls a channel.
var slackEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// tellSlack sends the message to the webhook's channel.
func (c config) tellSlack(ctx context.Context, m message) error {
	mark := ":white_check_mark:"
	switch {
	case !m.good:
		mark = ":x:"
	case c.waiting != "":
		mark = ":raised_hand:"
	}
	var text strings.Builder
	text.WriteString(mark + " *" + slackEscape.Replace(m.title) + "*\n")
	for _, fact := range m.facts {
		text.WriteString(fact[0] + ": " + slackEscape.Replace(fact[1]) + "\n")
	}
	if m.page != "" {
		text.WriteString("<" + m.page + "|The run>\n")
	}
	if len(m.images) > 0 {
		text.WriteString("```" + slackEscape.Replace(strings.Join(m.images, "\n")) + "```")
	}
	section := slackBlock{Type: "section", Text: slackText{Type: "mrkdwn", Text: cut(text.String(), sectionLimit)}}
	return c.send(ctx, http.MethodPost, c.slack, nil, slackMessage{Text: slackEscape.Replace(m.title), Blocks: []slackBlock{section}}, nil)
}
