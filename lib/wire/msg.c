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

int msg__parse_wprof_status(const struct wire_record *rec,
			    struct msg_wprof_status *ret_status,
			    const char **ret_text)
{
	struct msg_wprof_status status;

	if (rec->type != MSG_WPROF_STATUS || rec->len < sizeof(status))
		return -EBADMSG;
	memcpy(&status, rec->payload, sizeof(status));
	if (status.version != MSG_WPROF_STATUS_VERSION)
		return -EPROTONOSUPPORT;
	if (status.text_len != rec->len - sizeof(status))
		return -EBADMSG;
	*ret_status = status;
	*ret_text = (const char *)rec->payload + sizeof(status);
	return 0;
}

struct msg_run msg_pages__run(const struct wire_record *rec, u32 i)
{
	u64 run;

	memcpy(&run, rec->payload + sizeof(struct msg_pages) + i * sizeof(run),
	       sizeof(run));
	return (struct msg_run){
		.gpa = KT_ALIGN_DOWN(run, (u64)MSG_PAGE_SIZE),
		.len = (run % MSG_PAGE_SIZE + 1) * MSG_PAGE_SIZE,
	};
}

int msg__parse_pages(const struct wire_record *rec, struct msg_pages *ret_head,
		     u32 *ret_nr)
{
	struct msg_pages head;
	u64 bytes = 0;
	u32 nr;

	if (rec->type != MSG_PAGES || rec->len < sizeof(head) ||
	    rec->len > MSG_PAGES_MAX || (rec->len - sizeof(head)) % sizeof(u64))
		return -EBADMSG;
	memcpy(&head, rec->payload, sizeof(head));
	nr = (u32)((rec->len - sizeof(head)) / sizeof(u64));
	for (u32 i = 0; i < nr; i++)
		bytes += msg_pages__run(rec, i).len;
	if (head.len > WIRE_MAX_PAYLOAD ||
	    bytes != KT_ALIGN_UP((u64)head.len, (u64)MSG_PAGE_SIZE))
		return -EBADMSG;
	*ret_head = head;
	*ret_nr = nr;
	return 0;
}
