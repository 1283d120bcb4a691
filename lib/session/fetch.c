// SPDX-License-Identifier: GPL-2.0
/* See fetch.h. Called on vCPU threads, under the run's lock. */
#include "lib/session/fetch.h"

#include "vmm/vm.h"

void fetch__fini(struct fetch *f)
{
	free(f->buf);
	f->buf = NULL;
}

bool fetch__is_output(const struct wire_record *rec)
{
	struct msg_pages head;

	if (rec->type != MSG_PAGES || !rec->crc_ok || rec->len < sizeof(head))
		return false;
	memcpy(&head, rec->payload, sizeof(head));
	return head.type == MSG_STDOUT || head.type == MSG_STDERR;
}

int fetch__record(struct fetch *f, const struct vm *vm,
		  const struct wire_record *rec, struct wire_record *ret_rec)
{
	struct msg_pages head;
	u32 nr, at = 0;

	if (msg__parse_pages(rec, &head, &nr) || head.len > FETCH_MAX)
		return -EBADMSG;
	if (!f->buf)
		f->buf = malloc(FETCH_MAX);
	if (!f->buf)
		return -ENOMEM;
	for (u32 i = 0; i < nr; i++) {
		struct msg_run run = msg_pages__run(rec, i);
		u32 len = (u32)KT_MIN(run.len, (u64)(head.len - at));
		const u8 *p = vm__guest_ptr(vm, run.gpa, run.len);

		if (!p)
			return -EFAULT;
		memcpy(f->buf + at, p, len);
		at += len;
	}
	*ret_rec = (struct wire_record){
		.type = head.type,
		.len = head.len,
		.crc_ok = wire__crc32(0, f->buf, head.len) == head.crc32,
		.payload = f->buf,
	};
	return 0;
}
