package main

// defaultAddr is the address of the page without -addr.
const defaultAddr = "127.0.0.1:8080"

// maxReplicas is the limit of replicas of one service. More would use each other's fixed ports.
const maxReplicas = 9

// ports are the ports of one replica of a service and its sidecar. The ports of the n-th replica are
// that are higher by 10*(n-1).
type ports struct {
	http         int // of the service
	daprHTTP     int
	daprGRPC     int
	daprInternal int // for other sidecars
}

// service is a service that can run.
type service struct {
	name  string
	fixed ports

	// variables are the names of variables that the service gets from the user's environment, in
	// addition to commonVariables.
	variables []string
}

// catalogue returns the services in the order in which they are shown.
func catalogue() []service {
	return []service{
		{
			name:  "web",
			fixed: ports{http: 8080, daprHTTP: 3504, daprGRPC: 3604, daprInternal: 3704},
			variables: []string{
				"PUBLIC_URL", "SECURITY_CONTACT", "API_URLS", "API_FALLBACK_URLS", "LIVE_URLS", "ASSISTANT_URL", "TRUSTED_PROXIES",
				"RATE_PER_MINUTE_ADDRESS", "RATE_PER_MINUTE_USER", "TLS_CERT_FILE", "TLS_KEY_FILE", "METRICS_ADDR", "PAGE_DIR",
			},
		},
		{
			name:  "api",
			fixed: ports{http: 8081, daprHTTP: 3500, daprGRPC: 3600, daprInternal: 3700},
			variables: []string{
				"DATABASE_URL", "DATABASE_CONNS", "DATABASE_SLEEPS_AFTER", "RELAY_CONNS", "PUBLIC_URL", "COOKIE_SECURE", "TRUSTED_PROXIES",
				"LOGIN_PER_MINUTE", "SIGNUP", "CHANNEL_KEYS", "SETUP_TOKEN", "SIGNUP_PER_MINUTE", "RATE_PER_MINUTE", "QUOTA_BYTES", "VAPID_PUBLIC_KEY",
				"HOUSEKEEPING_INTERVAL", "REMINDER_VERIFY_INTERVAL",
			},
		},
		{
			name:  "recurring",
			fixed: ports{http: 8082, daprHTTP: 3501, daprGRPC: 3601, daprInternal: 3701},
		},
		{
			name:  "notifier",
			fixed: ports{http: 8083, daprHTTP: 3502, daprGRPC: 3602, daprInternal: 3702},
			variables: []string{
				"DATABASE_URL", "DATABASE_CONNS", "DATABASE_SLEEPS_AFTER", "QUEUE_CONNS", "PUBLIC_URL", "QUOTA_BYTES", "CHANNEL_KEYS", "VAPID_PUBLIC_KEY", "VAPID_PRIVATE_KEY",
				"VAPID_SUBJECT", "SMTP_URL", "SMTP_FROM", "DELIVERIES_PER_HOUR", "WEBHOOK_ALLOW_NETWORKS",
			},
		},
		{
			name:  "live",
			fixed: ports{http: 8084, daprHTTP: 3503, daprGRPC: 3603, daprInternal: 3703},
			variables: []string{
				"DATABASE_URL", "DATABASE_CONNS", "DATABASE_SLEEPS_AFTER", "ALLOWED_ORIGINS", "MAX_SOCKETS", "MAX_SOCKETS_PER_USER", "PING_INTERVAL", "LOOK_FOR",
			},
		},
		{
			name:      "assistant",
			fixed:     ports{http: 8085, daprHTTP: 3505, daprGRPC: 3605, daprInternal: 3705},
			variables: []string{"API_URLS", "PUBLIC_URL", "TRUSTED_PROXIES", "TURNS_PER_DAY"},
		},
	}
}

func serviceNames() []string {
	var names []string
	for _, s := range catalogue() {
		names = append(names, s.name)
	}
	return names
}

// findService returns the service with a name that the flags have been checked for.
func findService(name string) service {
	for _, s := range catalogue() {
		if s.name == name {
			return s
		}
	}
	panic("no service " + name)
}
