// Package rabbitmq holds the exchanges, queues and policies that TaskMaster needs on RabbitMQ.
package rabbitmq

import _ "embed"

// Definitions are in RabbitMQ's own format. They are of the virtual host "/".
//
//go:embed definitions.json
var Definitions []byte
