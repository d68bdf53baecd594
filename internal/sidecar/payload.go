package sidecar

import "encoding/json"

// payload returns the published bytes. The subscriptions have rawPayload set: the sidecar does not
// parse the message and wraps it in a CloudEvent of its own. Every message of a topic therefore
// reaches the service, which judges it. Without rawPayload a sidecar would keep messages that are
// not JSON. It would panic when a traceparent is not a string. Such an event would come again after
// each restart. payload returns a body without the wrapper unchanged.
func payload(body []byte) []byte {
	var wrapper struct {
		Type       string `json:"type"`
		PubSubName string `json:"pubsubname"`
		Data       []byte `json:"data_base64"`
	}
	if json.Unmarshal(body, &wrapper) != nil || wrapper.Type != "com.dapr.event.sent" || wrapper.PubSubName == "" || wrapper.Data == nil {
		return body
	}
	return wrapper.Data
}
