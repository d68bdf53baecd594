package backup

// WebPushKeys is the name of the part with a VAPID in JSON. A browser's push subscription is bound
// to these keys. An installation with other keys cannot reach it.
const WebPushKeys = "vapid.json"

// ChannelKeys is the name of the part with the value of CHANNEL_KEYS. Only a backup of make run has it.
const ChannelKeys = "channel_keys.txt"

// VAPID holds the keys of web push (RFC 8292).
type VAPID struct {
	Public  string `json:"public"`
	Private string `json:"private"`
}
