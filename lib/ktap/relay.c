// SPDX-License-Identifier: GPL-2.0
/*
 * Guest output as comment lines of the host's report. Called by the session
 * for each STDOUT and STDERR record, on one thread. Pure: bytes in, lines out
 * through a callback.
 */
#include <ktstr/ktap.h>

void ktap_relay__init(struct ktap_relay *relay, u64 budget, ktap_write_fn write,
		      void *ctx)
{
	memset(relay, 0, sizeof(*relay));
	relay->write = write;
	relay->ctx = ctx;
	relay->prefix = KTAP_RELAY_PREFIX;
	relay->budget = budget;
}

/* Length of the sequence that @lead opens; 0 when nothing may start so. */
static size_t utf8_len(u8 lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	if (lead >= 0xf0 && lead <= 0xf4)
		return 4;
	return 0;
}

/*
 * Decode one character of @len available bytes.
 * Return: its length, or 0 when the bytes are not well-formed UTF-8 (cut off,
 * overlong, surrogate, above U+10FFFF).
 */
static size_t utf8_decode(const u8 *p, size_t len, u32 *ret_cp)
{
	static const u32 smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t need = utf8_len(p[0]);
	u32 cp;

	if (!need || need > len)
		return 0;
	cp = need == 1 ? p[0] : p[0] & (0x7fu >> need);
	for (size_t i = 1; i < need; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (p[i] & 0x3f);
	}
	if (cp < smallest[need] || cp > 0x10ffff ||
	    (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	*ret_cp = cp;
	return need;
}

/*
 * C0 and C1 controls move cursors or end lines (NEL is in C1); U+2028 and
 * U+2029 end lines for Unicode-aware readers; U+202A..E and U+2066..9 reorder
 * what is displayed.
 */
static bool shown_as_is(u32 cp)
{
	if (cp == '\t')
		return true;
	return cp >= 0x20 && !(cp >= 0x7f && cp <= 0x9f) &&
	       !(cp >= 0x2028 && cp <= 0x202e) &&
	       !(cp >= 0x2066 && cp <= 0x2069);
}

/* Words at which the kernel's kunit.py stops reading, wherever they are. */
static bool ends_document(const u8 *p, size_t len)
{
	static const char *const words[] = {
		"List of all partitions:",
		"Kernel panic - not syncing: VFS:",
		"reboot: System halted",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (p[0] == (u8)words[i][0] && len >= strlen(words[i]) &&
		    !memcmp(p, words[i], strlen(words[i])))
			return true;
	return false;
}

/*
 * Bytes that are shown as they are whatever follows: ASCII's, but for those
 * that a word which ends documents begins with.
 */
static bool is_plain(u8 c)
{
	static const bool plain[256] = {
		['\t'] = true,
		[' ' ... 'J'] = true,
		['M' ... 'q'] = true,
		['s' ... '~'] = true,
	};

	return plain[c];
}

/* How many of them @text begins with; nearly all that guests write is such. */
static size_t plain_span(const u8 *text, size_t len)
{
	size_t n = 0;

	while (n < len && is_plain(text[n]))
		n++;
	return n;
}

/* One character that is not plain. Return: its length. */
static size_t escape_one(char *out, const u8 *text, size_t len, size_t *ret_n)
{
	static const char hex[] = "0123456789abcdef";
	u32 cp = 0;
	size_t chars = utf8_decode(text, len, &cp);

	if (chars && shown_as_is(cp) && !ends_document(text, len)) {
		memcpy(out, text, chars);
		*ret_n = chars;
		return chars;
	}
	chars = KT_MAX(chars, (size_t)1);
	for (size_t i = 0; i < chars; i++) {
		*out++ = '\\';
		*out++ = 'x';
		*out++ = hex[text[i] >> 4];
		*out++ = hex[text[i] & 15];
	}
	*ret_n = 4 * chars;
	return chars;
}

size_t ktap__escape(char *out, const u8 *text, size_t len)
{
	size_t n = 0, more;

	for (size_t i = 0; i < len;) {
		size_t span = plain_span(text + i, len - i);

		memcpy(out + n, text + i, span);
		n += span;
		i += span;
		if (i == len)
			break;
		i += escape_one(out + n, text + i, len - i, &more);
		n += more;
	}
	return n;
}

static int emit(struct ktap_relay *relay, const u8 *text, size_t len)
{
	size_t n = strnlen(relay->prefix, KTAP_RELAY_PREFIX_MAX);

	memcpy(relay->out, relay->prefix, n);
	n += ktap__escape(relay->out + n, text, len);
	relay->out[n++] = '\n';
	return relay->write(relay->ctx, relay->out, n);
}

/* Write the first @len bytes of the line and keep the rest of it. */
static int emit_held(struct ktap_relay *relay, enum ktap_stream stream,
		     size_t len)
{
	u8 *text = relay->line[stream].text;
	int err = emit(relay, text, len);

	relay->line[stream].len -= len;
	memmove(text, text + len, relay->line[stream].len);
	return err;
}

/* Where a full line may be cut without tearing a character apart. */
static size_t cut_point(const u8 *text, size_t len)
{
	for (size_t back = 1; back <= 3 && back < len; back++) {
		size_t need = utf8_len(text[len - back]);

		if (need > back)
			return len - back;
		if (need)
			break;
	}
	return len;
}

/* Add to the line that is held. @ends: it ends here; or there is @more of it.
 */
static int hold(struct ktap_relay *relay, enum ktap_stream stream,
		const u8 *data, size_t len, bool ends, bool more)
{
	u8 *text = relay->line[stream].text;
	size_t have = relay->line[stream].len;

	memcpy(text + have, data, len);
	have += len;
	relay->line[stream].len = have;
	if (ends)
		return emit_held(relay, stream, have);
	return more ? emit_held(relay, stream, cut_point(text, have)) : 0;
}

static int take(struct ktap_relay *relay, enum ktap_stream stream,
		const u8 *data, size_t len)
{
	while (len) {
		size_t have = relay->line[stream].len;
		size_t room = KTAP_RELAY_LINE_MAX - have;
		/* A newline right behind a full line still belongs to it. */
		const u8 *nl = memchr(data, '\n', KT_MIN(len, room + 1));
		size_t part = nl ? (size_t)(nl - data) : KT_MIN(len, room);
		int err = nl && !have ? emit(relay, data, part)
				      : hold(relay, stream, data, part, nl,
					     part < len);

		if (err)
			return err;
		data += part + !!nl;
		len -= part + !!nl;
	}
	return 0;
}

int ktap_relay__feed(struct ktap_relay *relay, enum ktap_stream stream,
		     const void *data, size_t len)
{
	u64 left = relay->budget - relay->relayed;
	size_t shown = (size_t)KT_MIN((u64)len, left);

	relay->relayed += shown;
	relay->suppressed += len - shown;
	return take(relay, stream, data, shown);
}

static int say_suppressed(struct ktap_relay *relay, const char *full_text)
{
	size_t size = sizeof(relay->out), max = KTAP_RELAY_LINE_MAX;
	size_t n = (size_t)snprintf(relay->out, size,
				    "# ktstr: %llu bytes of guest output not "
				    "shown above (%llu shown)",
				    (unsigned long long)relay->suppressed,
				    (unsigned long long)relay->relayed);

	if (full_text) {
		n += (size_t)snprintf(relay->out + n, size - n,
				      "; all of it: ");
		n += ktap__escape(relay->out + n, (const u8 *)full_text,
				  strnlen(full_text, max - n));
	}
	relay->out[n++] = '\n';
	return relay->write(relay->ctx, relay->out, n);
}

int ktap_relay__finish(struct ktap_relay *relay, const char *full_text)
{
	for (int stream = 0; stream < KTAP_STREAM_NR; stream++) {
		size_t len = relay->line[stream].len;
		int err = len ? emit_held(relay, stream, len) : 0;

		if (err)
			return err;
	}
	if (!relay->suppressed)
		return 0;
	return say_suppressed(relay, full_text);
}
