#!/bin/sh
# Prints the credentials of an account for the smoke test of the stack $1. api makes the account inside
# the cluster, whatever SIGNUP says, and deletes it after an hour if the test does not. A release that
# cannot make accounts has no other sign-up than the open one: the test then signs up by itself.
kubeconfig=$(mktemp)
trap 'rm -f "$kubeconfig"' EXIT
pulumi stack output kubeconfig --show-secrets --stack "$1" --non-interactive > "$kubeconfig" &&
	kubectl --kubeconfig "$kubeconfig" --namespace taskmaster exec deployment/api --container api -- /taskmaster-api users try ||
	{
		echo "api made no account, so the smoke test signs up" >&2
		echo '{}'
	}
