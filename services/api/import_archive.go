package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/importer"
	"taskmaster/internal/importer/formats"
	"taskmaster/internal/importer/vikunja"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// Media types of archives: the registered one, and the one that some browsers send.
const (
	mediaZip    = "application/zip"
	mediaOldZip = "application/x-zip-compressed"
)

// Limits of an archive. They bound the memory of unpacking, whatever sizes the archive declares.
const (
	maxUnpacked = 16 << 20 // bytes of the files that are read
	maxPacked   = 20_000   // files
)

// takeoutFile is the name of the file with tasks in an archive of Google Takeout.
const takeoutFile = "Tasks.json"

// readArchive reads an export of Vikunja, a backup of Todoist, or an archive of Google Takeout.
func (in *importReader) readArchive(ctx context.Context, body []byte) error {
	archive, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return badImport("the file is not a ZIP archive, or it is damaged")
	}
	if len(archive.File) > maxPacked {
		return task.Errorf(task.CodeInvalid, "the archive has more than %d files", maxPacked)
	}
	budget := int64(maxUnpacked)
	found := false
	for _, f := range archive.File {
		csv := strings.EqualFold(path.Ext(f.Name), ".csv")
		if !csv && f.Name != vikunja.DataFile && path.Base(f.Name) != takeoutFile || strings.HasPrefix(f.Name, "__MACOSX/") {
			continue
		}
		found = true
		data, err := unpack(f, budget)
		if err != nil {
			return err
		}
		budget -= int64(len(data))
		if csv {
			err = in.readCSV(ctx, f.Name, "", data)
		} else {
			err = in.readProgram(ctx, f.Name, data)
		}
		if err != nil {
			return inFile(f.Name, err)
		}
	}
	if !found {
		return task.Errorf(task.CodeInvalid, "the archive has neither the %s of a Vikunja export nor the CSV files of a Todoist backup", vikunja.DataFile)
	}
	return nil
}

// unpack reads a file of an archive. It returns an error if the file has more than budget bytes.
func unpack(f *zip.File, budget int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, badImport(f.Name + cannotUnpack)
	}
	defer func() { _ = r.Close() }() // Reading to the end has checked the data.
	data, err := io.ReadAll(io.LimitReader(r, budget+1))
	if err != nil {
		return nil, badImport(f.Name + cannotUnpack)
	}
	if int64(len(data)) > budget {
		return nil, &server.StatusError{Status: 413, Code: "too_large", Detail: fmt.Sprintf("the archive unpacks to more than %d MiB", maxUnpacked>>20)}
	}
	return data, nil
}

const cannotUnpack = " cannot be unpacked: it is damaged, encrypted or compressed in an unusual way"

func badImport(detail string) error {
	return &server.StatusError{Status: 400, Code: "bad_request", Detail: detail}
}

// inFile adds the name of the file in the archive to an error.
func inFile(name string, err error) error {
	if task.ErrorCode(err) != task.CodeInvalid || strings.Contains(err.Error(), name) {
		return err
	}
	return task.Errorf(task.CodeInvalid, "%s, %v", strings.ToValidUTF8(name[:min(len(name), 200)], ""), err)
}

// readCSV reads one CSV file. The name of a Todoist file is the name of its project.
func (in *importReader) readCSV(ctx context.Context, name, mapping string, data []byte) error {
	file, columns, err := formats.ReadCSV(data, mapping, in.options(ctx, name))
	if err != nil {
		return err
	}
	for _, c := range columns {
		in.columns = append(in.columns, apiv1.ImportColumn{Name: importer.Shorten(c.Name), Field: string(c.Field), Sample: c.Sample})
		in.guessed = in.guessed || c.Guessed
	}
	return in.addFile(ctx, name, file, func(t importer.Task) (entry, string) {
		return entry{key: t.Key, task: t.Task}, fmt.Sprintf(" (%s, line %d)", cmp.Or(name, "the file"), t.Line)
	})
}

// readAnyJSON reads an export, or a JSON file of another program.
func (in *importReader) readAnyJSON(ctx context.Context, name string, data []byte) error {
	switch formats.Detect(data) {
	case formats.Export, formats.Unknown:
		return in.readJSON(ctx, data)
	default:
		return in.readProgram(ctx, name, data)
	}
}

// readProgram reads a JSON file of another program.
func (in *importReader) readProgram(ctx context.Context, name string, data []byte) error {
	program := formats.Detect(data)
	if path.Base(name) == vikunja.DataFile {
		program = formats.Vikunja
	}
	file, err := formats.ReadJSON(data, program, in.options(ctx, name))
	if err != nil {
		return err
	}
	return in.addFile(ctx, name, file, func(t importer.Task) (entry, string) {
		return entry{key: t.Key, task: t.Task}, fmt.Sprintf(" (%q)", t.Task.Title)
	})
}
