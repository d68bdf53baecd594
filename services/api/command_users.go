package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/delivery"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

const usersUsage = `usage: api users COMMAND

  list                      all accounts
  invite [-admin] [ADDRESS] print a link that makes an account, for 7 days
  reset ADDRESS             print a link that sets a new password, for 30 minutes
  confirm ADDRESS           confirm the address of an account
  address OLD NEW           change the address of an account
  admin [-remove] ADDRESS   make an administrator
  disable ADDRESS           refuse the account, and send it no reminders
  enable ADDRESS            end that
  quota ADDRESS BYTES       the account's own quota; 0 for no limit, default for that of all
  delete -yes ADDRESS       delete the account and all its data
  try                       print the credentials of an account that ends after an hour

Links work once. They are printed on standard output and need PUBLIC_URL. No command needs a mail server.
`

const (
	// inviteLife is how long an invitation waits.
	inviteLife = 7 * 24 * time.Hour
	// tryLife is how long an account of a smoke test exists if the test does not delete it.
	tryLife = time.Hour
	// tryDomain is a domain that cannot exist (RFC 2606), so that no e-mail goes there.
	tryDomain = "@try.invalid"
	// accountsPage is the number of accounts that one transaction reads.
	accountsPage = 500
)

// users runs the commands on accounts.
type users struct {
	db        *postgres.DB
	out       io.Writer
	now       time.Time
	publicURL string
	hasher    *hasher
	mails     *delivery.Queue
}

// usersCommand runs a command on accounts. It works without a mail server.
func usersCommand(ctx context.Context, args []string) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		fmt.Fprint(os.Stderr, usersUsage)
		if len(args) == 0 {
			return errors.New("name a command, such as list")
		}
		return flag.ErrHelp
	}
	db, err := openForCommand(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	mails, err := delivery.NewQueue()
	if err != nil {
		return err
	}
	u := &users{db: db, out: os.Stdout, publicURL: strings.TrimSuffix(os.Getenv("PUBLIC_URL"), "/"), hasher: newHasher(passwordCost), mails: mails}
	// The operator's machine may have a wrong clock.
	if u.now, err = db.Now(ctx); err != nil {
		return err
	}
	u.now = u.now.UTC().Truncate(time.Microsecond)
	return u.run(ctx, args[0], args[1:])
}

// run runs one command with its arguments.
func (u *users) run(ctx context.Context, command string, args []string) error {
	flags := flag.NewFlagSet("users "+command, flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprint(flags.Output(), usersUsage) }
	admin := flags.Bool("admin", false, "for invite: the account is an administrator's")
	remove := flags.Bool("remove", false, "for admin: the account is no administrator's any more")
	yes := flags.Bool("yes", false, "for delete: delete without a question")
	if err := flags.Parse(args); err != nil {
		return err
	}
	args = flags.Args()
	wanted, known := map[string][2]int{
		"list": {0, 0}, "invite": {0, 1}, "reset": {1, 1}, "confirm": {1, 1}, "address": {2, 2}, "admin": {1, 1}, "disable": {1, 1},
		"enable": {1, 1}, "quota": {2, 2}, "delete": {1, 1}, "try": {0, 0},
	}[command]
	if !known {
		return fmt.Errorf("%q is not a command of users\n%s", command, usersUsage)
	}
	if len(args) < wanted[0] || len(args) > wanted[1] {
		return fmt.Errorf("%s has %d arguments\n%s", command, len(args), usersUsage)
	}
	switch command {
	case "list":
		return u.list(ctx)
	case "try":
		return u.try(ctx)
	case "invite":
		return u.invite(ctx, *admin, args)
	case "reset":
		return u.reset(ctx, args[0])
	case "delete":
		if !*yes {
			return errors.New("delete removes all tasks of the account for good: repeat it with -yes")
		}
	}
	return u.change(ctx, args[0], func(tx pgx.Tx, a *postgres.User) (string, error) {
		switch command {
		case "admin":
			a.Admin = !*remove
			return map[bool]string{true: "is an administrator", false: "is no administrator"}[a.Admin], postgres.UpdateAccount(ctx, tx, *a)
		case "disable":
			a.DisabledAt = &u.now
			return "is disabled", postgres.UpdateAccount(ctx, tx, *a)
		case "enable":
			a.DisabledAt = nil
			return "is enabled", postgres.UpdateAccount(ctx, tx, *a)
		case "quota":
			return u.quota(ctx, tx, a, args[1])
		case "confirm":
			return "has a confirmed address", postgres.ConfirmAddress(ctx, tx, a.ID, u.now)
		case "address":
			return u.address(ctx, tx, a, args[1])
		default:
			_, err := deleteLocked(ctx, tx, a.ID, u.now) // the retention of api removes the rows of a large one
			return "is deleted", err
		}
	})
}

// change changes the account with an address, and prints the result.
func (u *users) change(ctx context.Context, address string, do func(tx pgx.Tx, a *postgres.User) (string, error)) error {
	address, _ = account.NormalizeEmail(address)
	var result string
	err := u.db.InTx(ctx, func(tx pgx.Tx) error {
		a, err := postgres.UserByEmail(ctx, tx, address)
		if err == nil {
			a, err = postgres.LockUserToDelete(ctx, tx, a.ID)
		}
		if task.ErrorCode(err) == task.CodeNotFound {
			return fmt.Errorf("no account has the address %s", address)
		}
		if err != nil {
			return err
		}
		result, err = do(tx, &a)
		return err
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(u.out, address, result)
	return err
}

func (u *users) quota(ctx context.Context, tx pgx.Tx, a *postgres.User, bytes string) (string, error) {
	a.QuotaBytes = nil
	if bytes != "default" {
		n, err := strconv.ParseInt(bytes, 10, 64)
		if err != nil || n < 0 {
			return "", fmt.Errorf("quota: %q is not a number of bytes, or default", bytes)
		}
		a.QuotaBytes = &n
	}
	return "has the quota " + bytes, postgres.UpdateAccount(ctx, tx, *a)
}

// address changes the address of an account. It is not confirmed, and the old address hears of it.
func (u *users) address(ctx context.Context, tx pgx.Tx, a *postgres.User, address string) (string, error) {
	address, refused := account.NormalizeEmail(address)
	if refused != "" || !strings.Contains(address, "@") {
		return "", fmt.Errorf("%q is not an e-mail address %s", address, refused)
	}
	if err := postgres.DeleteAddressChange(ctx, tx, a.ID); err != nil {
		return "", err
	}
	if err := postgres.SetAddress(ctx, tx, a.ID, address, nil); err != nil {
		return "", err
	}
	return "has the address " + address + ", not confirmed", u.mails.Notify(ctx, tx, *a, delivery.NoticeAddress, address, u.now)
}

// list prints a line for each account.
func (u *users) list(ctx context.Context) error {
	if _, err := fmt.Fprintln(u.out, "address\tmade\tbytes\tquota\tstate"); err != nil {
		return err
	}
	for after := ""; ; {
		var page []postgres.Account
		err := u.db.InTx(ctx, func(tx pgx.Tx) (err error) {
			page, err = postgres.Accounts(ctx, tx, after, accountsPage)
			return err
		})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, a := range page {
			if _, err := fmt.Fprintf(u.out, "%s\t%s\t%d\t%s\t%s\n", a.Email, a.CreatedAt.Format(time.DateOnly), a.StoredBytes, quotaWord(a.User), stateWords(a.User)); err != nil {
				return err
			}
			after = a.Email
		}
	}
}

func quotaWord(a postgres.User) string {
	if a.QuotaBytes == nil {
		return "default"
	}
	return strconv.FormatInt(*a.QuotaBytes, 10)
}

// stateWords describes the state of an account.
func stateWords(a postgres.User) string {
	words := []string{"not confirmed"}
	if a.ConfirmedAt != nil {
		words[0] = "confirmed"
	}
	if a.Admin {
		words = append(words, "administrator")
	}
	if a.DisabledAt != nil {
		words = append(words, "disabled")
	}
	if a.ExpiresAt != nil {
		words = append(words, "ends "+a.ExpiresAt.Format(time.RFC3339))
	}
	return strings.Join(words, ", ")
}

// invite prints a link that makes an account.
func (u *users) invite(ctx context.Context, admin bool, args []string) error {
	l := postgres.Link{Purpose: postgres.LinkInvite, ExpiresAt: u.now.Add(inviteLife)}
	if admin {
		l.Purpose = postgres.LinkSetup
	}
	if len(args) > 0 {
		address, refused := account.NormalizeEmail(args[0])
		if refused != "" || !strings.Contains(address, "@") {
			return fmt.Errorf("%q is not an e-mail address %s", address, refused)
		}
		l.Address = address
	}
	return u.print(ctx, l, "/enter?invite=")
}

// reset prints a link that sets a new password. It does not confirm the address.
func (u *users) reset(ctx context.Context, address string) error {
	address, _ = account.NormalizeEmail(address)
	var a postgres.User
	err := u.db.InTx(ctx, func(tx pgx.Tx) (err error) {
		a, err = postgres.UserByEmail(ctx, tx, address)
		return err
	})
	if task.ErrorCode(err) == task.CodeNotFound {
		return fmt.Errorf("no account has the address %s", address)
	}
	if err != nil {
		return err
	}
	return u.print(ctx, postgres.Link{UserID: &a.ID, Purpose: postgres.LinkReset, ExpiresAt: u.now.Add(delivery.LinkLife)}, "/reset?token=")
}

// print stores a link and prints it. Its token is nowhere else.
func (u *users) print(ctx context.Context, l postgres.Link, path string) error {
	if u.publicURL == "" {
		return errors.New("PUBLIC_URL is required for a link")
	}
	token := account.NewSession()
	l.ID, l.CreatedAt = uuid.Must(uuid.NewV7()), u.now
	err := u.db.InTx(ctx, func(tx pgx.Tx) error { return postgres.InsertLink(ctx, tx, l, account.Hash(token)) })
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(u.out, u.publicURL+path+token)
	return err
}

// credentials are the address and the password of an account that was made for a test.
type credentials struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// try makes an account for a smoke test, whatever SIGNUP says. It is no administrator's, gets no e-mail
// and ends after an hour. It prints its credentials once.
func (u *users) try(ctx context.Context) error {
	made := credentials{Email: "smoke-" + uuid.NewString() + tryDomain, Password: account.NewSession()}
	leave, err := u.hasher.admit()
	if err != nil {
		return err
	}
	defer leave()
	hash, err := u.hasher.hash(ctx, made.Password)
	if err != nil {
		return err
	}
	end := u.now.Add(tryLife)
	a := postgres.User{ID: uuid.Must(uuid.NewV7()), Email: made.Email, PasswordHash: hash, TimeZone: "UTC", CreatedAt: u.now, ExpiresAt: &end}
	if err := u.db.InTx(ctx, func(tx pgx.Tx) error { return postgres.InsertUser(ctx, tx, a) }); err != nil {
		return err
	}
	if err := json.NewEncoder(u.out).Encode(made); err != nil {
		return fmt.Errorf("print credentials: %w", err)
	}
	return nil
}
