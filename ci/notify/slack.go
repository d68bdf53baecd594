package main

import (
	"context"
	"net/http"
	"strings"
)

// These types mirror https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks.
type (
	slackMessage struct {
		Text   string       `json:"text"` // shown in a phone's notification
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

// sectionLimit is Slack's limit for the text of a section, in characters.
const sectionLimit = 3000

// slackEscape escapes the three characters of links and mentions, so that no message can notify a
// channel.
var slackEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// notifySlack posts the message to the webhook's channel.
func (c config) notifySlack(ctx context.Context, m message) error {
	emoji := ":white_check_mark:"
	switch {
	case !m.good:
		emoji = ":x:"
	case c.waiting != "":
		emoji = ":raised_hand:"
	}
	var text strings.Builder
	text.WriteString(emoji + " *" + slackEscape.Replace(m.title) + "*\n")
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
