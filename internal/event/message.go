package event

// Message is an event to publish to a topic.
type Message struct {
	// Key is the partition key: the user ID.
	Key string
	// CloudEvent is the event in JSON.
	CloudEvent []byte
}
