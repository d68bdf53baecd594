package embedded

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/xi2/xz"

	"taskmaster/internal/backoff"
)

const (
	// fetchMajor is the version that is fetched by default.
	fetchMajor = 17
	// fetchTimeout ends a download that hangs. It is long enough for a slow connection.
	fetchTimeout = 10 * time.Minute
	// fetchAttempts is the number of downloads before the error is reported.
	fetchAttempts = 4
)

// archive is a version of the programs, with the SHA-256 of its archives by platform.
type archive struct {
	version   string
	checksums map[string]string
}

// archives are the versions that can be fetched, by major version, from
// https://github.com/zonkyio/embedded-postgres-binaries. All but fetchMajor are for tests on Linux.
var archives = map[int]archive{
	15: {"15.19.0", map[string]string{"linux-amd64": "95f0b66fe72d4ca66c815773c44cb1196ea38552463e89a35f18114b3ed1565f"}},
	16: {"16.15.0", map[string]string{"linux-amd64": "653abc065c682b85d3da50168fb95dc524bd85426cdec9ce3695a550ef431df2"}},
	fetchMajor: {"17.5.0", map[string]string{
		"linux-amd64":        "646f3269075d1a23904127374e3cdbcef96beb32979fedee25d835877400fcbe",
		"linux-amd64-alpine": "7122386c7f7a089568f05720ada63448093d4065abbc0a89e6dc660851a53e3c",
		"linux-arm64v8":      "e02f27ff50ff2d90b6541d54f3f108505aacd84ea53c2890e976a684bfea2752",
		"darwin-amd64":       "fb70f783928e77c3d6ef5ca8ed644f1ac502f740fcfc032a375c8347820f2bdd",
		"darwin-arm64v8":     "e9d3398e10c2ec926395498b03e75ad1a24eeaed82895e756a7e173b202cf6de",
		"windows-amd64":      "06ced3b3267c569ffb3f85544aac0075926dd81bf78bd5247abb1aa9fe994d6b",
	}},
	18: {"18.6.0", map[string]string{"linux-amd64": "008ee189eaa7ca2b58bd01dd950291e638b998392cf982297acd4779ec898ac1"}},
}

// fetch returns the folder of the fetched programs of a major version, and fetches them if they are
// missing.
func fetch(ctx context.Context, major int, log io.Writer) (string, error) {
	a := archives[major]
	cache, err := cacheDir()
	if err != nil {
		return "", fmt.Errorf("find a place for PostgreSQL's programs: %w", err)
	}
	home := filepath.Join(cache, "postgresql-"+a.version)
	bin := filepath.Join(home, "bin")
	if programMajor(ctx, bin) != 0 {
		return bin, nil
	}
	//nolint:gosec // Another account may have to run what is in it.
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	// Several processes may fetch at once. Each works in a folder of its own. The first to finish
	// renames it to the final name.
	work, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	//nolint:gosec // Another account may have to run what is in it.
	if err := os.Chmod(work, 0o755); err != nil {
		return "", err
	}
	fmt.Fprintf(log, "fetching PostgreSQL %s, once\n", a.version)
	programs := filepath.Join(work, "programs")
	if err := a.fetchTo(ctx, programs); err != nil {
		return "", fmt.Errorf("no PostgreSQL %d or newer on this machine, and fetching it failed (install it, or set DATABASE_URL): %w", minMajor, err)
	}
	if err := os.Rename(programs, home); err != nil && programMajor(ctx, bin) == 0 {
		return "", err
	}
	return bin, nil
}

// fetchTo downloads the programs for this machine into a new folder.
func (a archive) fetchTo(ctx context.Context, dir string) error {
	platform := runtime.GOOS + "-" + runtime.GOARCH
	if runtime.GOARCH == "arm64" {
		platform += "v8"
	}
	if _, err := os.Stat("/etc/alpine-release"); err == nil {
		platform += "-alpine" // its C library is musl
	}
	checksum, ok := a.checksums[platform]
	if !ok {
		return fmt.Errorf("there are no programs for %s", platform)
	}
	name := "embedded-postgres-binaries-" + platform
	url := fmt.Sprintf("https://repo1.maven.org/maven2/io/zonky/test/postgres/%s/%s/%s-%s.jar", name, a.version, name, a.version)
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	jar, err := download(ctx, url, checksum, backoff.Policy{Min: time.Second, Max: 10 * time.Second})
	if err != nil {
		return err
	}
	return extract(jar, dir)
}

// download returns the file at the address. It tries again after an error or a wrong checksum.
func download(ctx context.Context, url, checksum string, pause backoff.Policy) ([]byte, error) {
	for attempt := 1; ; attempt++ {
		file, err := get(ctx, url)
		if err == nil {
			if sum := sha256.Sum256(file); hex.EncodeToString(sum[:]) == checksum {
				return file, nil
			}
			err = fmt.Errorf("%s: the checksum is wrong", url)
		}
		if attempt == fetchAttempts || pause.Wait(ctx, attempt) != nil {
			return nil, err
		}
	}
}

func get(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, response.Status)
	}
	return io.ReadAll(response.Body)
}

// extract unpacks the archive of programs that is in a jar file into a new folder.
func extract(jar []byte, dir string) error {
	files, err := zip.NewReader(bytes.NewReader(jar), int64(len(jar)))
	if err != nil {
		return fmt.Errorf("open the archive: %w", err)
	}
	i := slices.IndexFunc(files.File, func(f *zip.File) bool { return strings.HasSuffix(f.Name, ".txz") })
	if i < 0 {
		return errors.New("the archive has no programs")
	}
	packed, err := files.File[i].Open()
	if err != nil {
		return fmt.Errorf("open the archive: %w", err)
	}
	defer packed.Close()
	unpacked, err := xz.NewReader(packed, 0)
	if err != nil {
		return fmt.Errorf("open the archive: %w", err)
	}
	//nolint:gosec // Another account may have to run what is in it.
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for archive := tar.NewReader(unpacked); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = create(root, header, archive)
		}
		if err != nil {
			return fmt.Errorf("extract the archive: %w", err)
		}
	}
}

// create creates a folder, a file or a link of an archive.
func create(root *os.Root, header *tar.Header, content io.Reader) error {
	if header.Typeflag == tar.TypeDir {
		return root.MkdirAll(header.Name, 0o755)
	}
	if err := root.MkdirAll(path.Dir(header.Name), 0o755); err != nil {
		return err
	}
	if header.Typeflag == tar.TypeSymlink {
		return root.Symlink(header.Linkname, header.Name)
	}
	file, err := root.OpenFile(header.Name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, header.FileInfo().Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}

// cacheDir returns the user's cache folder. Root's home is closed to other accounts that may have
// to run the programs.
func cacheDir() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/cache/taskmaster", nil
	}
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "taskmaster"), err
}
