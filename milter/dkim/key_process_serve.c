/*
 * key_process_serve - the threads of the key process, one for each channel
 *
 * The first thread that ends, ends the process: the daemon has closed its end,
 * or it cannot be trusted any longer.
 */
#include "config.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "dkim/key_process.h"
#include "key_process_priv.h"

struct serving {
	struct key_server *server;
	pthread_mutex_t	 lock;		/* the rest */
	pthread_cond_t	 ended;
	bool		 over;
	int		 status;
};

struct channel {
	struct serving	*serving;
	int		 fd, cpu;	/* cpu -1: any */
};

/* 0: no more requests. -1: a wrong one. */
static int
request_read(int fd, struct keymsg *m)
{
	size_t n = keymsg_receive(fd, m);

	if (n == 0)
		return 0;
	return n <= sizeof(*m) && keymsg_is_request(m, n) ? 1 : -1;
}

/* Returns the exit status. */
static int
channel_serve(struct key_server *s, int fd, struct keymsg *request,
    struct keymsg *answer)
{
	int n;

	while ((n = request_read(fd, request)) > 0) {
		if (request->head.type == KEYMSG_ROWS) {
			if (!key_server_rows(s, fd, request, answer))
				break;
			continue;
		}
		if (!key_server_answer(s, request, answer))
			n = -1;
		if (request->head.type == KEYMSG_PARSE)
			explicit_bzero(request->text, sizeof(request->text));
		if (n == -1 || !keymsg_send(fd, answer))
			break;
	}
	if (n != -1)
		return 0;
	log_printf(LOG_LEVEL_ERROR, "the key process got a wrong request from "
	    "the daemon, and ends");
	return 1;
}

/* If the system does not let us, requests take longer. */
static void
stay_on_processor(int cpu)
{
	cpu_set_t set;

	if (cpu == -1)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void *
channel_thread(void *arg)
{
	struct channel	*c = arg;
	struct serving	*s = c->serving;
	struct keymsg	*m = xcalloc(2, sizeof(*m));
	int		 status;

	stay_on_processor(c->cpu);
	status = channel_serve(s->server, c->fd, &m[0], &m[1]);
	free(m);
	pthread_mutex_lock(&s->lock);
	if (!s->over)
		s->status = status;
	s->over = true;
	pthread_cond_signal(&s->ended);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static bool
channel_start(struct serving *s, struct channel *c, int fd, int cpu)
{
	pthread_t	thread;
	int		error;

	c->serving = s;
	c->fd = fd;
	c->cpu = cpu;
	error = pthread_create(&thread, NULL, channel_thread, c);
	if (error != 0) {
		log_printf(LOG_LEVEL_ERROR, "the key process cannot start a "
		    "thread: %s", strerror(error));
		return false;
	}
	pthread_detach(thread);
	return true;
}

/* What the threads use until the process ends. */
static struct serving *
serving_new(const struct keybase_place *place)
{
	static struct serving	 s = { .lock = PTHREAD_MUTEX_INITIALIZER,
				    .ended = PTHREAD_COND_INITIALIZER };
	struct keyrows_source	*source = NULL;
	char			*why = NULL;

	if (place != NULL) {
		source = keyrows_source_new(place, &why);
		if (source == NULL) {
			log_printf(LOG_LEVEL_ERROR, "keys-database: %s", why);
			free(why);
			return NULL;
		}
	}
	s.server = key_server_new(source);
	return &s;
}

int
key_process_serve(const struct key_channels *c,
    const struct keybase_place *place)
{
	static struct channel	 channel[KEY_PROCESS_SIGNERS +
				    KEY_PROCESS_ASKERS];
	struct serving		*s;
	size_t			 i, n = 0;
	bool			 ok = true;

	key_process_use(NULL, NULL);
	s = serving_new(place);
	if (s == NULL)
		return 1;
	for (i = 0; i < c->nsigners && ok; i++)
		ok = channel_start(s, &channel[n++], c->signer[i], c->cpu[i]);
	for (i = 0; i < c->naskers && ok; i++)
		ok = channel_start(s, &channel[n++], c->asker[i], -1);
	if (!ok)
		return 1;
	pthread_mutex_lock(&s->lock);
	while (!s->over)
		pthread_cond_wait(&s->ended, &s->lock);
	pthread_mutex_unlock(&s->lock);
	return s->status;
}
