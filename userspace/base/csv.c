// SPDX-License-Identifier: GPL-2.0
/* Small CSV tables, written a row at a time and read whole. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/csv.h"

/* The whole of a text file; *text is to be freed in every case. */
static int slurp(FILE *f, char **text, size_t *len)
{
	size_t cap = 0;
	ssize_t got;

	*text = NULL;
	*len = 0;
	errno = 0;
	got = getdelim(text, &cap, '\0', f);
	if (got < 0)
		return ferror(f) || !feof(f) ? (errno ? -errno : -EIO) : 0;
	if (!(*text)[got - 1])
		return -EINVAL;
	*len = got;
	return 0;
}

/* Bytes up to and with the last newline. */
static size_t whole_lines(const char *text, size_t len)
{
	const char *end = len ? memrchr(text, '\n', len) : NULL;

	return end ? end - text + 1 : 0;
}

/* Finds how much of a file to keep under a header: 0 where the header is still to be written. */
static int check_header(const char *text, size_t len, const char *header, size_t *keep)
{
	size_t want = strlen(header);

	*keep = whole_lines(text, len);
	if (!len)
		return 0;
	if (!*keep)
		return len <= want && !memcmp(text, header, len) ? 0 : -EINVAL;
	return *keep > want && !memcmp(text, header, want) && text[want] == '\n' ? 0 : -EINVAL;
}

FILE *csv_open_append(const char *path, const char *header)
{
	struct stat st;
	char *text = NULL;
	size_t len, keep;
	FILE *f;
	int err;

	if (!*header || strpbrk(header, "\r\n")) {
		errno = EINVAL;
		return NULL;
	}
	f = fopen(path, "a+e");
	if (!f)
		return NULL;
	err = fstat(fileno(f), &st) ? -errno : S_ISREG(st.st_mode) ? 0 : -EINVAL;
	if (err)
		goto fail;
	err = slurp(f, &text, &len);
	if (err)
		goto fail;
	err = check_header(text, len, header, &keep);
	if (err)
		goto fail;
	if ((keep < len && ftruncate(fileno(f), keep)) || fseek(f, 0, SEEK_END) ||
	    (!keep && (fprintf(f, "%s\n", header) < 0 || fflush(f)))) {
		err = -errno;
		goto fail;
	}
	free(text);
	return f;
fail:
	free(text);
	fclose(f);
	errno = -err;
	return NULL;
}

static void put_field(FILE *f, const char *field)
{
	if (!strpbrk(field, ",\"")) {
		fputs(field, f);
		return;
	}
	fputc('"', f);
	for (; *field; field++) {
		if (*field == '"')
			fputc('"', f);
		fputc(*field, f);
	}
	fputc('"', f);
}

int csv_write(FILE *f, const char *const *fields, size_t n)
{
	if (!n)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (strpbrk(fields[i], "\r\n"))
			return -EINVAL;
	errno = 0;
	for (size_t i = 0; i < n; i++) {
		if (i)
			fputc(',', f);
		put_field(f, fields[i]);
	}
	fputc('\n', f);
	if (fflush(f) || ferror(f))
		return errno ? -errno : -EIO;
	return 0;
}

const char *csv_double(char *buf, double value)
{
	buf[0] = '\0';
	if (isnan(value))
		return buf;
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(buf, CSV_NUM_LEN, "%.*g", digits, value);
		if (strtod(buf, NULL) == value)
			break;
	}
	return buf;
}

/* Unquotes in place; *next is what follows the comma, NULL after the last field of the line. */
static int take_field(char *field, char **next)
{
	char *from = field + 1, *to = field;

	if (*field != '"') {
		*next = field;
		strsep(next, ",");
		return 0;
	}
	for (;; from++) {
		if (!*from)
			return -EINVAL;
		if (*from == '"' && *++from != '"')
			break;
		*to++ = *from;
	}
	if (*from && *from != ',')
		return -EINVAL;
	*next = *from ? from + 1 : NULL;
	*to = '\0';
	return 0;
}

static int take_line(char *line, char **cells, size_t cols)
{
	char *next = line;
	size_t len = strlen(line), n = 0;
	int err;

	if (len && line[len - 1] == '\r')
		line[len - 1] = '\0';
	while (next) {
		if (n == cols)
			return -EINVAL;
		cells[n++] = next;
		err = take_field(next, &next);
		if (err)
			return err;
	}
	return n == cols ? 0 : -EINVAL;
}

/* Fields of the header line, which csv_write()'s rules may have quoted. */
static size_t count_fields(const char *line)
{
	bool quoted = false;
	size_t n = 1;

	for (; *line && *line != '\n'; line++) {
		if (*line == '"')
			quoted = !quoted;
		n += *line == ',' && !quoted;
	}
	return n;
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static int check_columns(const struct csv *csv)
{
	for (size_t i = 0; i < csv->cols; i++)
		if (csv_col(csv, csv->cells[i]) != (int)i)
			return -EINVAL;
	return 0;
}

static int parse_text(struct csv *csv)
{
	size_t lines = count_lines(csv->text);
	char *rest = csv->text;
	int err;

	csv->cols = count_fields(csv->text);
	csv->cells = calloc(lines * csv->cols, sizeof(*csv->cells));
	if (!csv->cells)
		return -ENOMEM;
	for (csv->line = 1; csv->line <= lines; csv->line++) {
		char **cells = csv->cells + (csv->line - 1) * csv->cols;

		err = take_line(strsep(&rest, "\n"), cells, csv->cols);
		if (!err && csv->line == 1)
			err = check_columns(csv);
		if (err)
			return err;
	}
	csv->rows = lines - 1;
	csv->line = 0;
	return 0;
}

int csv_read(const char *path, struct csv *csv)
{
	struct stat st;
	size_t len, keep;
	FILE *f;
	int err;

	*csv = (struct csv){ 0 };
	if (stat(path, &st))
		return -errno;
	if (!S_ISREG(st.st_mode)) /* opening a fifo would wait for a writer */
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	f = fopen(path, "re");
	if (!f)
		return -errno;
	err = slurp(f, &csv->text, &len);
	fclose(f);
	if (err)
		goto fail;
	keep = whole_lines(csv->text, len);
	csv->torn = keep < len;
	if (!keep) {
		err = -ENODATA;
		goto fail;
	}
	csv->text[keep] = '\0';
	err = parse_text(csv);
	if (err)
		goto fail;
	return 0;
fail:
	free(csv->cells);
	free(csv->text);
	*csv = (struct csv){ .torn = csv->torn, .line = csv->line };
	return err;
}

void csv_free(struct csv *csv)
{
	free(csv->cells);
	free(csv->text);
	*csv = (struct csv){ 0 };
}

int csv_col(const struct csv *csv, const char *name)
{
	for (size_t i = 0; i < csv->cols; i++)
		if (!strcmp(csv->cells[i], name))
			return i;
	return -ENOENT;
}

const char *csv_get(const struct csv *csv, size_t row, int col)
{
	if (row >= csv->rows || col < 0 || (size_t)col >= csv->cols)
		return NULL;
	return csv->cells[(row + 1) * csv->cols + col];
}

double csv_num(const struct csv *csv, size_t row, int col)
{
	const char *field = csv_get(csv, row, col);
	double value;
	char *end;

	if (!field || !*field)
		return NAN;
	value = strtod(field, &end);
	return *end ? NAN : value;
}
