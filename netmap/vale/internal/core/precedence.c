/*
 * Which comes first, a worker or the programs. A worker does more for a frame than those who send and receive it. Of
 * equals, the scheduler often has it share a processor with one of them, while the other's is half idle; with more
 * weight, a busy worker has a processor to itself where there are two or more, and the programs share the rest. One
 * that mostly looks for frames in vain must not take their time: it is an equal.
 */
#include "vale.h"

#include <sys/resource.h>

#define WINDOW 1024 /* turns from one decision to the next */
#define PASS   8    /* what a pass takes beside its frames, as a number of frames */
#define VAIN   32   /* what a turn without frames takes */
#define WEIGHT 5    /* by how much the nice value is less; where that is not permitted (CAP_SYS_NICE), it stays */

void vale_precedence(struct vale_worker *w, uint32_t moved)
{
	bool busy;

	if (moved > 0)
		w->work += moved + PASS;
	else
		w->vain += VAIN;
	if (++w->turns < WINDOW)
		return;
	busy = w->work >= w->vain;
	w->turns = w->work = w->vain = 0;
	if (busy == w->first)
		return;
	w->first = busy;
	if (busy)
		w->nice = getpriority(PRIO_PROCESS, 0);
	setpriority(PRIO_PROCESS, 0, busy ? w->nice - WEIGHT : w->nice);
}
