package system

import (
	"cmp"
	"os"
)

// Promises are what some brokers keep and others cannot. All of them deliver at least once what they have.
type Promises struct {
	// Order: a user's events first arrive in the order in which they were published, whatever is killed meanwhile.
	Order bool
	// Confirmed: an event that was reported as published is there, although the broker was killed at that moment. Where it
	// may not be, "api replay" brings it back.
	Confirmed bool
	// History: an app that subscribes for the first time gets what was published before.
	History bool
}

var promises = map[string]Promises{
	"nats":            {Order: false, Confirmed: true, History: true},
	"kafka":           {Order: true, Confirmed: true, History: true},
	"kafka-plaintext": {Order: true, Confirmed: true, History: true},
	"redis":           {Order: false, Confirmed: true, History: true},
	"rabbitmq":        {Order: false, Confirmed: false, History: false},
}

// BrokerPromises returns what a broker promises; without a name, the one that tests run on.
func BrokerPromises(name string) Promises { return promises[cmp.Or(name, os.Getenv("BROKER"), "nats")] }
