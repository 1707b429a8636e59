/* NIOCCTRL, NIOCREGIF, NIOCGINFO and NIOCCONFIG: what the program's pointers lead to, as one message and back. */
#include "client.h"
#include "sys.h"

/* The module's room for a request: a body and its options, a pointer with each option, and a table of them. */
#define ROOM        (NETMAP_REQ_MAXSIZE + 48)
#define POINTER     8
#define MAX_OPTIONS (ROOM / (sizeof(struct nmreq_option) + POINTER))

/* The program's request, as long as the switch has it. */
struct request {
	struct nm_message m;
	struct nmreq_header head; /* as the program wrote it */
	uint32_t noptions;
	uint64_t option[MAX_OPTIONS]; /* addresses */
	uint8_t data[sizeof(struct nmreq_header) + ROOM + sizeof(struct nmu_grant)];
};

static uint32_t body_size(uint16_t type)
{
	switch (type) {
	case NETMAP_REQ_REGISTER:
		return sizeof(struct nmreq_register);
	case NETMAP_REQ_PORT_INFO_GET:
		return sizeof(struct nmreq_port_info_get);
	case NETMAP_REQ_VALE_ATTACH:
		return sizeof(struct nmreq_vale_attach);
	case NETMAP_REQ_VALE_DETACH:
		return sizeof(struct nmreq_vale_detach);
	case NETMAP_REQ_VALE_LIST:
		return sizeof(struct nmreq_vale_list);
	case NETMAP_REQ_PORT_HDR_SET:
	case NETMAP_REQ_PORT_HDR_GET:
		return sizeof(struct nmreq_port_hdr);
	case NETMAP_REQ_VALE_NEWIF:
		return sizeof(struct nmreq_vale_newif);
	case NETMAP_REQ_VALE_POLLING_ENABLE:
	case NETMAP_REQ_VALE_POLLING_DISABLE:
		return sizeof(struct nmreq_vale_polling);
	case NETMAP_REQ_POOLS_INFO_GET:
		return sizeof(struct nmreq_pools_info);
	case NETMAP_REQ_SYNC_KLOOP_START:
		return sizeof(struct nmreq_sync_kloop_start);
	}
	return 0;
}

/* What follows the nmreq_option. */
static uint64_t option_size(const struct nmreq_option *o)
{
	uint64_t size = sizeof(*o);

	switch (o->nro_reqtype) {
	case NETMAP_REQ_OPT_EXTMEM:
		size = sizeof(struct nmreq_opt_extmem);
		break;
	case NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS:
		if (o->nro_size > size)
			size = o->nro_size;
		break;
	case NETMAP_REQ_OPT_CSB:
		size = sizeof(struct nmreq_opt_csb);
		break;
	case NETMAP_REQ_OPT_SYNC_KLOOP_MODE:
		size = sizeof(struct nmreq_opt_sync_kloop_mode);
		break;
	case NETMAP_REQ_OPT_OFFSETS:
		size = sizeof(struct nmreq_opt_offsets);
		break;
	}
	return size - sizeof(*o);
}

/* Reads the chain; one that is too long, or has no end, is cut. */
static int read_options(struct request *q, int pid)
{
	uint8_t *to = q->data + sizeof(q->head) + q->m.body_len;
	uint64_t used = q->m.body_len; /* of ROOM */
	struct nmreq_option o;
	uint64_t more;

	for (uint64_t at = q->head.nr_options; at != 0; at = o.nro_next) {
		if (nm_read(pid, &o, at, sizeof(o)) < 0)
			return -EFAULT;
		more = option_size(&o);
		if (used + sizeof(o) + POINTER > ROOM || more > NETMAP_REQ_MAXSIZE || used + sizeof(o) + POINTER + more > ROOM ||
		    (more > 0 && q->m.body_len + q->m.options_len + sizeof(o) + more > NETMAP_REQ_MAXSIZE)) {
			q->m.flags |= NMU_OPTIONS_CUT;
			return 0;
		}
		o.nro_status = 0;
		nm_copy(to, &o, sizeof(o));
		if (nm_read(pid, to + sizeof(o), at + sizeof(o), more) < 0)
			return -EFAULT;
		q->option[q->noptions++] = at;
		to += sizeof(o) + more;
		used += sizeof(o) + POINTER + more;
		q->m.options_len += (uint32_t)(sizeof(o) + more);
	}
	return 0;
}

/* The statuses always, what the options hold where all went well. */
static int write_options(struct request *q, int pid, bool failed)
{
	const uint8_t *from = q->data + sizeof(q->head) + q->m.body_len, *end = from + q->m.options_len;
	struct nmreq_option o;

	for (uint32_t i = 0; i < q->noptions && from + sizeof(o) <= end; i++) {
		uint64_t more;

		nm_copy(&o, from, sizeof(o));
		more = option_size(&o);
		if (nm_write(pid, q->option[i] + offsetof(struct nmreq_option, nro_status), &o.nro_status,
			     sizeof(o.nro_status)) < 0)
			return -EFAULT;
		if (!failed && o.nro_status == 0 && nm_write(pid, q->option[i] + sizeof(o), from + sizeof(o), more) < 0)
			return -EFAULT;
		from += sizeof(o) + more;
	}
	return 0;
}

static int write_back(struct request *q, int pid, uint64_t arg, int error)
{
	struct nmreq_header head;

	nm_copy(&head, q->data, sizeof(head));
	head.nr_options = q->head.nr_options;
	head.nr_body = q->head.nr_body;
	head.nr_reserved = q->head.nr_reserved;
	if (nm_write(pid, arg, &head, sizeof(head)) < 0)
		return -EFAULT;
	if (error == 0 && nm_write(pid, head.nr_body, q->data + sizeof(head), q->m.body_len) < 0)
		return -EFAULT;
	return write_options(q, pid, error != 0);
}

int nm_ctrl(struct nm_port *p, int conn, int pid, uint64_t arg)
{
	struct request q = {.m = {.op = NMU_OP_CTRL, .head_len = sizeof(q.head)}};
	uint32_t size;
	int ret, back;

	if (arg == 0)
		return -EINVAL;
	if (nm_read(pid, &q.head, arg, sizeof(q.head)) < 0)
		return -EFAULT;
	size = body_size(q.head.nr_reqtype);
	if (q.head.nr_version < NETMAP_MIN_API || q.head.nr_version > NETMAP_MAX_API || q.head.nr_reserved != 0 ||
	    (size == 0) != (q.head.nr_body == 0))
		return -EINVAL;
	nm_copy(q.data, &q.head, sizeof(q.head));
	q.m.data = q.data;
	q.m.capacity = sizeof(q.data);
	q.m.body_len = size;
	if (nm_read(pid, q.data + sizeof(q.head), q.head.nr_body, size) < 0)
		return -EFAULT;
	ret = read_options(&q, pid);
	if (ret < 0)
		return ret;
	ret = nm_call(p, conn, &q.m);
	if (ret == 0 && q.m.has_grant)
		ret = nm_bind(p, &q.m.grant, q.m.fds);
	back = write_back(&q, pid, arg, ret);
	return ret != 0 ? ret : back;
}

int nm_legacy(struct nm_port *p, int conn, int pid, uint32_t op, uint64_t arg)
{
	struct {
		struct nmreq nmr;
		struct nmu_grant space;
	} data;
	struct nm_message m = {.op = op, .data = &data, .head_len = sizeof(data.nmr), .capacity = sizeof(data)};
	int ret;

	if (arg == 0)
		return -EINVAL;
	if (nm_read(pid, &data.nmr, arg, sizeof(data.nmr)) < 0)
		return -EFAULT;
	ret = nm_call(p, conn, &m);
	if (ret == 0 && m.has_grant)
		ret = nm_bind(p, &m.grant, m.fds);
	if (nm_write(pid, arg, &data.nmr, sizeof(data.nmr)) < 0)
		return -EFAULT;
	return ret;
}

/* No switch has anything to be configured this way, as in the module without further modules. */
int nm_config(int pid, uint64_t arg)
{
	uint8_t space[0x110];

	if (arg == 0)
		return -EINVAL;
	return nm_read(pid, space, arg, sizeof(space)) < 0 ? -EFAULT : -EINVAL;
}
