#!/bin/sh
# Ends the pending Helm upgrades of the stack $1 after a killed update. Helm refuses every upgrade
# while one is pending, and parts of the pending one may run. The script rolls back to the last
# deployed revision. Without one, it deletes the pending revision.
set -e

kubeconfig=$(mktemp)
trap 'rm -f "$kubeconfig"' EXIT
pulumi stack output kubeconfig --show-secrets --stack "$1" --non-interactive > "$kubeconfig"
kube() { kubectl --kubeconfig "$kubeconfig" --namespace taskmaster "$@"; }

release='owner=helm,name=taskmaster'
pending="$release,status in (pending-install,pending-upgrade,pending-rollback)"
found=$(kube get secret --selector "$pending" --output name)
[ -n "$found" ] || exit 0

versions='jsonpath={range .items[*]}{.metadata.labels.version}{"\n"}{end}'
deployed=$(kube get secret --selector "$release,status=deployed" --output "$versions")
deployed=$(echo "$deployed" | sort -n | tail -1)
[ -z "$deployed" ] ||
	helm --kubeconfig "$kubeconfig" --namespace taskmaster rollback taskmaster "$deployed" --wait --timeout 8m
kube delete secret --ignore-not-found --selector "$pending"
