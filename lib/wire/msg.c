// SPDX-License-Identifier: GPL-2.0
/*
 * The message table, and the one payload that both sides must agree on beyond
 * its length. Pure; any thread.
 */
#include <ktstr/wire.h>

/* Words of msg.def's direction column. */
enum { G2H = true, H2G = false };

static const struct msg_desc messages[] = {
#define MSG(a, b, c, d, NAME, dir, min, max, text) \
	{ MSG_##NAME, #NAME, dir, min, max, text },
#include <ktstr/msg.def>
#undef MSG
};

const struct msg_desc *msg__find(u32 type)
{
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
		if (messages[i].type == type)
			return &messages[i];
	return NULL;
}

const struct msg_desc *msg__table(size_t *ret_nr)
{
	*ret_nr = ARRAY_SIZE(messages);
	return messages;
}

bool wire__usable(struct wire_stats *stats, const struct wire_record *rec)
{
	const struct msg_desc *desc = msg__find(rec->type);

	/* The assembler has already counted the checksum. */
	if (!rec->crc_ok)
		return false;
	if (!desc || !desc->to_host) {
		stats->unknown++;
		return false;
	}
	if (rec->len < desc->min_len || rec->len > desc->max_len) {
		stats->malformed++;
		return false;
	}
	return true;
}

int msg__parse_test_result(const struct wire_record *rec,
			   struct msg_test_result *ret_result,
			   const char **ret_reason)
{
	struct msg_test_result result;

	if (rec->type != MSG_TEST_RESULT || rec->len < sizeof(result))
		return -EBADMSG;
	memcpy(&result, rec->payload, sizeof(result));
	if (result.version != MSG_TEST_RESULT_VERSION)
		return -EPROTONOSUPPORT;
	if (result.reason_len != rec->len - sizeof(result))
		return -EBADMSG;
	*ret_result = result;
	*ret_reason = (const char *)rec->payload + sizeof(result);
	return 0;
}
