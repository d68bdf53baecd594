package docs

import (
	"bytes"
	"fmt"
	"testing"

	"taskmaster/services/api/mcp"
)

// TestToolsAreListed compares the table of tools with the source.
func TestToolsAreListed(t *testing.T) {
	t.Parallel()
	var table bytes.Buffer
	table.WriteString("| tool | effect | description |\n|---|---|---|\n")
	for _, tool := range mcp.Tools() {
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", tool.Name, tool.Effect, tool.Description)
	}
	checkGenerated(t, "assistant.md", table.Bytes(), "")
}
