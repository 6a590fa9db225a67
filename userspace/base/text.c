// SPDX-License-Identifier: GPL-2.0
#include "base/text.h"

#include <string.h>

#define NAME_MAX_LEN 63

const char *text_clean(char *out, size_t len, const char *in)
{
	size_t i;

	for (i = 0; i + 1 < len && in[i]; i++)
		out[i] = in[i] >= ' ' && in[i] <= '~' ? in[i] : '?';
	if (len)
		out[i] = '\0';
	return out;
}

bool text_has_word(const char *list, const char *word)
{
	size_t len = strlen(word), n;

	for (; *list; list += n + (list[n] == ' ')) {
		n = strcspn(list, " ");
		if (n == len && !strncmp(list, word, n))
			return true;
	}
	return false;
}

static bool same(char a, char b)
{
	return a == b || ((a == '-' || a == '_') && (b == '-' || b == '_'));
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: Damerau's distance, with no letter moved twice. */
unsigned int edit_distance(const char *a, const char *b)
{
	size_t la = strnlen(a, NAME_MAX_LEN), lb = strnlen(b, NAME_MAX_LEN), i, j;
	unsigned int d[NAME_MAX_LEN + 1][NAME_MAX_LEN + 1];

	for (i = 0; i <= la; i++)
		d[i][0] = i;
	for (j = 0; j <= lb; j++)
		d[0][j] = j;
	for (i = 1; i <= la; i++) {
		for (j = 1; j <= lb; j++) {
			d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1,
					d[i - 1][j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[la][lb];
}

void near_add(struct near *near, const char *name)
{
	size_t len = strlen(name), wanted = strlen(near->wanted), i;
	unsigned int d, most = len > 3 ? len / 3 : 1;

	/* names whose lengths differ as much do so, too: thousands are compared */
	if (!len || len > NAME_MAX_LEN || len > wanted + most || wanted > len + most)
		return;
	d = edit_distance(near->wanted, name);
	if (d > most)
		return;
	for (i = 0; i < near->n; i++)
		if (!edit_distance(near->names[i], name))
			return;
	for (i = near->n; i && near->distance[i - 1] > d; i--) {
		if (i == NEAR_MAX)
			continue;
		strcpy(near->names[i], near->names[i - 1]);
		near->distance[i] = near->distance[i - 1];
	}
	if (i == NEAR_MAX)
		return;
	strcpy(near->names[i], name);
	near->distance[i] = d;
	near->n += near->n < NEAR_MAX;
}
