package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/seal"
)

const channelsUsage = `usage: api channels COMMAND

  keys   count the channels by the key that seals their secrets, and name those whose key is missing
  seal   seal the secrets of all channels with the first key of CHANNEL_KEYS; with clear in front, open them
  newkey print an entry for CHANNEL_KEYS
`

// channelsPage is the number of channels that one transaction seals.
const channelsPage = 100

// maxNamedChannels is the number of channels without a key that are named.
const maxNamedChannels = 100

// channelsCommand runs a command on the secrets of channels.
func channelsCommand(ctx context.Context, args []string) error {
	if len(args) != 1 || args[0] != "keys" && args[0] != "seal" && args[0] != "newkey" {
		fmt.Fprint(os.Stderr, channelsUsage)
		if len(args) == 1 && (args[0] == "-h" || args[0] == "-help" || args[0] == "--help") {
			return flag.ErrHelp
		}
		return errors.New("name a command, such as keys")
	}
	if args[0] == "newkey" {
		_, err := fmt.Fprintln(os.Stdout, seal.NewKey())
		return err
	}
	keys, err := seal.ParseKeys(os.Getenv("CHANNEL_KEYS"))
	if err != nil {
		return fmt.Errorf("CHANNEL_KEYS: %w", err)
	}
	db, err := openForCommand(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	if args[0] == "seal" {
		if err := sealChannels(ctx, db, keys, os.Stdout); err != nil {
			return err
		}
	}
	return showChannelKeys(ctx, db, keys, os.Stdout)
}

// sealChannels seals the secrets of all channels with the first key. It may run beside the services, and
// again after a failure.
func sealChannels(ctx context.Context, db *postgres.DB, keys *seal.Keys, out io.Writer) error {
	var after uuid.UUID
	sealed, left := 0, 0
	for {
		var page []postgres.Channel
		err := db.InTx(ctx, func(tx pgx.Tx) (err error) {
			if page, err = postgres.LockSecrets(ctx, tx, after, channelsPage); err != nil {
				return err
			}
			for _, c := range page {
				if c.KeyName() == keys.First() {
					continue
				}
				opened, err := c.Opened(keys)
				if missing := (*seal.MissingKeyError)(nil); errors.As(err, &missing) {
					left++
					continue
				}
				if err != nil {
					return err
				}
				if err := postgres.StoreSecrets(ctx, tx, opened.Sealed(keys)); err != nil {
					return err
				}
				sealed++
			}
			return nil
		})
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		after = page[len(page)-1].ID
	}
	if _, err := fmt.Fprintf(out, "Stored the secrets of %d channels anew.\n", sealed); err != nil {
		return err
	}
	if left > 0 {
		return fmt.Errorf("%d channels need a key that CHANNEL_KEYS lacks", left)
	}
	return nil
}

// showChannelKeys prints the number of channels by their key. It names the channels whose key is missing.
func showChannelKeys(ctx context.Context, db *postgres.DB, keys *seal.Keys, out io.Writer) error {
	var counts []postgres.SealedWith
	err := db.InTx(ctx, func(tx pgx.Tx) (err error) {
		counts, err = postgres.SecretKeys(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	missing := int64(0)
	for _, c := range counts {
		state := ""
		if c.Key != seal.Clear && !keys.Has(c.Key) {
			missing, state = missing+c.Channels, ", which CHANNEL_KEYS lacks"
		}
		if _, err := fmt.Fprintf(out, "%d channels: %s%s\n", c.Channels, c.Key, state); err != nil {
			return err
		}
	}
	if missing == 0 {
		return nil
	}
	return nameChannels(ctx, db, keys, out)
}

// nameChannels names channels whose key is missing.
func nameChannels(ctx context.Context, db *postgres.DB, keys *seal.Keys, out io.Writer) error {
	var after uuid.UUID
	for named := 0; ; {
		var page []postgres.Channel
		err := db.InTx(ctx, func(tx pgx.Tx) (err error) {
			page, err = postgres.LockSecrets(ctx, tx, after, channelsPage)
			return err
		})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, c := range page {
			if n := c.KeyName(); n == seal.Clear || keys.Has(n) {
				continue
			}
			if named++; named > maxNamedChannels {
				_, err := fmt.Fprintln(out, "and more")
				return err
			}
			if _, err := fmt.Fprintf(out, "  channel %s of user %s (%s) needs the key %s\n", c.ID, c.UserID, c.Kind, c.KeyName()); err != nil {
				return err
			}
		}
		after = page[len(page)-1].ID
	}
}
