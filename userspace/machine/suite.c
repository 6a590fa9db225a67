// SPDX-License-Identifier: GPL-2.0
/*
 * The suite's kernel modules, through libkmod.
 */
#include "machine/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>
#include <libkmod.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/refcost.h"
#include "machine/topo.h"

#define DELETE_TRIES 2000

static const char *running_release(void)
{
	static struct utsname u;

	uname(&u);
	return u.release;
}

static bool try_path(char *path, const char *fmt, const char *a, const char *b, const char *module)
{
	snprintf(path, PATH_MAX, fmt, a, b, module);
	return !access(path, R_OK);
}

/*
 * Where a module's file is: what REFCOST_MODULES says, the build tree this command stands in, where
 * `make install` puts it.
 */
static bool module_path(char *path, const char *module, const char *release)
{
	const char *dir = getenv("REFCOST_MODULES");
	char self[PATH_MAX];
	ssize_t n;

	if (dir)
		return try_path(path, "%s%s/%s.ko", dir, "", module);
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n > 0) {
		self[n] = '\0';
		if (try_path(path, "%s/../kmod/%s/%s.ko", dirname(self), release, module))
			return true;
	}
	return try_path(path, "/lib/modules/%s%s/extra/%s.ko", release, "", module);
}

/* Any build of the module will do to read the table of schemes from. */
static bool module_path_any(char *path, const char *module)
{
	bool found = module_path(path, module, running_release());
	char self[PATH_MAX], pattern[PATH_MAX + 32];
	glob_t g;
	ssize_t n;

	if (found || getenv("REFCOST_MODULES"))
		return found;
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n <= 0)
		return false;
	self[n] = '\0';
	snprintf(pattern, sizeof(pattern), "%s/../kmod/*/%s.ko", dirname(self), module);
	if (!glob(pattern, 0, NULL, &g)) {
		snprintf(path, PATH_MAX, "%s", g.gl_pathv[0]);
		found = true;
		globfree(&g);
	}
	return found;
}

static int no_module_file(const char *module)
{
	return fail(EXIT_LACKING, "no %s.ko for kernel %s: run make (or set REFCOST_MODULES=DIR)",
		    module, running_release());
}

static const char *const kind_names[] = {
	[SCHEME_KERNEL] = "KERNEL",
	[SCHEME_GATE] = "GATE",
	[SCHEME_FLOOR] = "FLOOR",
	[SCHEME_ABSENT] = "ABSENT",
};

/* "name|KIND|family|needs|what|from|busy" */
static int scheme_parse(struct scheme_desc *s, const char *text)
{
	char *copy = strdup(text), *rest = copy, *field[7];
	size_t i;
	int err = -EINVAL;

	if (!copy)
		return -ENOMEM;
	memset(s, 0, sizeof(*s));
	for (i = 0; i < ARRAY_SIZE(field); i++) {
		field[i] = strsep(&rest, "|");
		if (!field[i])
			goto out;
	}
	for (i = 0; i < ARRAY_SIZE(kind_names) && strcmp(kind_names[i], field[1]); i++)
		;
	if (i == ARRAY_SIZE(kind_names))
		goto out;
	s->kind = i;
	snprintf(s->name, sizeof(s->name), "%s", field[0]);
	snprintf(s->family, sizeof(s->family), "%s", field[2]);
	snprintf(s->needs, sizeof(s->needs), "%s", field[3]);
	snprintf(s->what, sizeof(s->what), "%s", field[4]);
	snprintf(s->from, sizeof(s->from), "%s", field[5]);
	snprintf(s->busy, sizeof(s->busy), "%s", field[6]);
	err = 0;
out:
	free(copy);
	return err;
}

static struct scheme_desc *scheme_by_name(const struct schemes *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n && strcmp(s->v[i].name, name); i++)
		;
	return i < s->n ? &s->v[i] : NULL;
}

/* A name each; these lines may stand before those that describe the schemes. */
static void mark_layouts(struct schemes *s, struct kmod_list *info)
{
	struct kmod_list *entry;

	kmod_list_foreach(entry, info)
	{
		struct scheme_desc *found;

		if (strcmp(kmod_module_info_get_key(entry), "layouts"))
			continue;
		found = scheme_by_name(s, kmod_module_info_get_value(entry));
		if (found)
			found->layouts = true;
	}
}

/* "name|roles|floors"; false where it is not that, or a field is too long. */
static bool report_parse(struct schemes *s, const char *text)
{
	const char *roles = strchr(text, '|'), *floors = roles ? strchr(roles + 1, '|') : NULL;
	char name[REFCOST_NAME_MAX];
	struct scheme_desc *found;

	if (!floors || roles - text >= REFCOST_NAME_MAX)
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)(roles - text), text);
	found = scheme_by_name(s, name);
	return found &&
	       snprintf(found->roles, sizeof(found->roles), "%.*s", (int)(floors - roles - 1),
			roles + 1) < (int)sizeof(found->roles) &&
	       snprintf(found->floors, sizeof(found->floors), "%s", floors + 1) <
		       (int)sizeof(found->floors);
}

static int mark_reports(struct schemes *s, struct kmod_list *info)
{
	struct kmod_list *entry;

	kmod_list_foreach(entry, info) if (!strcmp(kmod_module_info_get_key(entry), "report") &&
					   !report_parse(s, kmod_module_info_get_value(
								    entry))) return -EINVAL;
	return s->n ? 0 : -ENOENT;
}

static int schemes_from_info(struct schemes *s, struct kmod_list *info)
{
	struct kmod_list *entry;

	kmod_list_foreach(entry, info)
	{
		struct scheme_desc *v;

		if (strcmp(kmod_module_info_get_key(entry), "scheme"))
			continue;
		v = reallocarray(s->v, s->n + 1, sizeof(*v));
		if (!v)
			return -ENOMEM;
		s->v = v;
		if (scheme_parse(&v[s->n], kmod_module_info_get_value(entry)))
			return -EINVAL;
		s->n++;
	}
	mark_layouts(s, info);
	return mark_reports(s, info);
}

int schemes_read(struct schemes *s)
{
	struct kmod_list *info = NULL;
	struct kmod_module *mod = NULL;
	struct kmod_ctx *ctx;
	char path[PATH_MAX];
	int err;

	memset(s, 0, sizeof(*s));
	if (!module_path_any(path, SUITE_BENCH))
		return no_module_file(SUITE_BENCH);
	ctx = kmod_new(NULL, NULL);
	err = ctx ? kmod_module_new_from_path(ctx, path, &mod) : -ENOMEM;
	if (!err)
		err = kmod_module_get_info(mod, &info);
	if (err >= 0)
		err = schemes_from_info(s, info);
	kmod_module_info_free_list(info);
	kmod_module_unref(mod);
	kmod_unref(ctx);
	if (!err)
		return EXIT_FINE;
	schemes_free(s);
	return fail(EXIT_FAILED, "%s does not list its schemes (%s): run make again", path,
		    strerror(-err));
}

void schemes_free(struct schemes *s)
{
	free(s->v);
	memset(s, 0, sizeof(*s));
}

static int unknown_scheme(const struct schemes *s, const char *name, bool floors)
{
	char valid[2048] = "";
	size_t i;

	for (i = 0; i < s->n; i++) {
		if ((s->v[i].kind == SCHEME_FLOOR && !floors) || s->v[i].kind == SCHEME_ABSENT)
			continue;
		snprintf(valid + strlen(valid), sizeof(valid) - strlen(valid), "%s%s",
			 *valid ? ", " : "", s->v[i].name);
	}
	return fail(EXIT_USAGE, "no scheme '%s' here: use %s", name, valid);
}

static const struct scheme_desc *scheme_find(const struct schemes *s, const char *name, bool floors)
{
	const struct scheme_desc *found = scheme_by_name(s, name);

	return found && (floors || found->kind != SCHEME_FLOOR) ? found : NULL;
}

int schemes_select(struct schemes *s, const char *names, bool floors)
{
	const char *want[128];
	struct schemes kept = { 0 };
	size_t n = 0, i;
	char *list;
	int err;

	list = strdup(names ?: "");
	kept.v = calloc(ARRAY_SIZE(want) + s->n, sizeof(*kept.v));
	if (!list || !kept.v) {
		err = fail(EXIT_FAILED, "out of memory");
		goto out;
	}
	if (!names) {
		for (i = 0; i < s->n; i++)
			if (s->v[i].kind != SCHEME_ABSENT &&
			    (floors || s->v[i].kind != SCHEME_FLOOR))
				kept.v[kept.n++] = s->v[i];
	} else {
		err = parse_names(list, want, ARRAY_SIZE(want), &n);
		if (err) {
			err = fail(EXIT_USAGE, "--schemes '%s': %s", names, parse_why(err));
			goto out;
		}
	}
	for (i = 0; i < n; i++) {
		const struct scheme_desc *found = scheme_find(s, want[i], floors);

		if (!found) {
			err = unknown_scheme(s, want[i], floors);
			goto out;
		}
		if (found->kind == SCHEME_ABSENT)
			say("%s is not available: needs %s", found->name, found->needs);
		else
			kept.v[kept.n++] = *found;
	}
	if (!kept.n) {
		err = EXIT_LACKING;
		goto out;
	}
	free(s->v);
	*s = kept;
	kept.v = NULL;
	err = EXIT_FINE;
out:
	free(kept.v);
	free(list);
	return err;
}

/* FNV-1a of a file's bytes, 0 where it cannot be read. */
static uint64_t file_hash(const char *path)
{
	uint64_t hash = 0xcbf29ce484222325;
	FILE *f = fopen(path, "re");
	int c;

	if (!f)
		return 0;
	while ((c = getc_unlocked(f)) != EOF)
		hash = (hash ^ c) * 0x100000001b3;
	fclose(f);
	return hash;
}

const char *suite_build(void)
{
	static const char *const modules[] = { SUITE_BENCH, SUITE_VICTIM };
	static char text[128];
	char path[PATH_MAX];
	size_t i, n = 0;

	if (*text) /* megabytes are read once */
		return text;
	for (i = 0; i < ARRAY_SIZE(modules) && n < sizeof(text); i++)
		if (module_path(path, modules[i], running_release()))
			n += snprintf(text + n, sizeof(text) - n, "%s%s %016lx", n ? ", " : "",
				      modules[i], file_hash(path));
	return text;
}

bool module_loaded(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", name);
	return !access(path, F_OK);
}

/* Was a call broken off by a stop, or a debugger, so that it is to be made again? */
static bool try_again(int err)
{
	bool again = err == -EINTR && !interrupted;

	resumed += again;
	return again;
}

int module_delete(const char *name)
{
	int err;

	do {
		err = syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
	} while (try_again(err));
	return err;
}

int module_remove(const char *name)
{
	int tries, err = 0;

	for (tries = 0; tries < DELETE_TRIES; tries++) {
		err = module_delete(name);
		if (err != -EWOULDBLOCK && err != -EBUSY && err != -EINTR)
			break;
		usleep(1000);
	}
	return err;
}

static int module_load(const char *name, const char *params)
{
	char path[PATH_MAX];
	int fd, err;

	if (!module_path(path, name, running_release()))
		return no_module_file(name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(EXIT_FAILED, "cannot read %s: %s", path, strerror(errno));
	do {
		err = syscall(SYS_finit_module, fd, params, 0) ? errno : 0;
	} while (try_again(-err));
	close(fd);
	switch (err) {
	case 0:
		return EXIT_FINE;
	case EINTR:
		return EXIT_FAILED; /* the end of the command says so */
	case EEXIST:
		return fail(EXIT_FAILED,
			    "%s is loaded already: somebody loaded it meanwhile: rmmod %s", name,
			    name);
	case EBUSY:
		return fail(EXIT_FAILED,
			    "%s is refused while users of one that is gone still run: end what has "
			    "/dev/refcost open, and give the same command again",
			    name);
	case ENOEXEC:
		return fail(EXIT_LACKING,
			    "%s was built for another kernel than %s: run make clean all", path,
			    running_release());
	case ENOSYS:
		return fail(EXIT_LACKING, "this kernel loads no modules: use ./bench.sh --guest");
	case EPERM:
	case EKEYREJECTED:
		return fail(EXIT_LACKING,
			    "the kernel refused %s (%s): lockdown or module signing is in force",
			    path, strerror(err));
	default:
		return fail(EXIT_FAILED, "cannot load %s: %s (see dmesg)", path, strerror(err));
	}
}

/* One command at a time; what ends the command ends this, too. */
static int become_the_one(void)
{
	static int fd = -1;
	int tries;

	if (fd >= 0)
		return EXIT_FINE;
	fd = open("/sys/module", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (tries = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno != ENOLCK; tries++) {
		if (tries == DELETE_TRIES || interrupted) {
			close(fd);
			fd = -1;
			return fail(
				EXIT_FAILED,
				"another refcost is measuring: wait for its end, or end that refcost");
		}
		usleep(1000);
	}
	return EXIT_FINE;
}

/* References on a module, 0 where it is not loaded. */
static long module_users(const char *name)
{
	char path[PATH_MAX], text[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	f = fopen(path, "re");
	if (f && !fgets(text, sizeof(text), f))
		text[0] = '\0';
	if (f)
		fclose(f);
	return atol(text);
}

/* Has anybody /dev/refcost open? The victim holds a reference, too. */
static bool device_is_open(void)
{
	return module_users(SUITE_BENCH) > module_loaded(SUITE_VICTIM);
}

#define DIED                                                                     \
	"an earlier call died in the kernel (see dmesg): refcost does not work " \
	"until the next boot"

/* Did a call die in the module, which then serves no other? */
static bool device_died(void)
{
	struct refcost_info info = { .size = sizeof(info) };
	bool died;
	int fd;

	fd = open(REFCOST_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	died = device_call(fd, REFCOST_IOC_INFO, &info) == -EIO;
	close(fd);
	return died;
}

int suite_put_right(void)
{
	bool bench = module_loaded(SUITE_BENCH);
	int err = become_the_one(), tries;

	if (err || !bench)
		return err;
	/* the descriptor of a command that was just killed may take a moment to close */
	for (tries = 0; device_is_open() && tries < DELETE_TRIES; tries++)
		usleep(1000);
	if (device_died())
		return fail(EXIT_FAILED, DIED);
	if (device_is_open())
		return fail(
			EXIT_FAILED,
			"refcost is loaded already, and a program has /dev/refcost open: end that, and if "
			"the modules stay: rmmod %s %s",
			SUITE_VICTIM, SUITE_BENCH);
	err = suite_unload();
	if (!err)
		say("put right: an earlier command had left its modules loaded; unloaded them");
	return err;
}

static int victim_load_as(const struct victim *v)
{
	char params[64];

	snprintf(params, sizeof(params), "objects=%u layout=%u node=%d", v->objects, v->layout,
		 v->node);
	return module_load(SUITE_VICTIM, params);
}

int victim_load(unsigned int objects)
{
	return victim_load_as(&(struct victim){ .objects = objects, .node = TOPO_ANY_NODE });
}

static int bench_load(void)
{
	return suite_put_right() ?: module_load(SUITE_BENCH, "");
}

static int load_both(const struct victim *victim)
{
	int err;

	err = bench_load();
	if (err)
		return err;
	err = victim_load_as(victim);
	if (err)
		module_remove(SUITE_BENCH);
	return err;
}

/* A module's own memory comes from where its loader may allocate. */
int suite_load(const struct victim *victim)
{
	int err;

	if (victim->node == TOPO_ANY_NODE)
		return load_both(victim);
	topo_bind(victim->node);
	err = load_both(victim);
	topo_bind(TOPO_ANY_NODE);
	return err;
}

int suite_unload(void)
{
	static const char *const modules[] = { SUITE_VICTIM, SUITE_BENCH };
	int code = EXIT_FINE;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(modules); i++) {
		int err;

		err = module_remove(modules[i]);
		if (err && err != -ENOENT)
			code = fail(EXIT_FAILED, "cannot unload %s: %s; it is still loaded",
				    modules[i], strerror(-err));
	}
	return code;
}

int device_open(struct refcost_info *info)
{
	int fd;

	if (become_the_one())
		return -1;
	fd = open(REFCOST_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		say("cannot open %s: %s", REFCOST_DEVICE, strerror(errno));
		return -1;
	}
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	if (device_call(fd, REFCOST_IOC_INFO, info) || info->abi != REFCOST_ABI) {
		say("the loaded refcost module is of another build than this command: run make again");
		close(fd);
		return -1;
	}
	return fd;
}

int device_call(int fd, unsigned long request, void *arg)
{
	int err;

	do {
		err = ioctl(fd, request, arg) ? -errno : 0;
	} while (try_again(err));
	return err;
}

int bench_session(int (*work)(int fd, const struct refcost_info *info, void *arg), void *arg)
{
	struct refcost_info info;
	int err, fd, unload;

	err = bench_load();
	if (err)
		return err;
	fd = device_open(&info);
	if (fd < 0) {
		err = EXIT_FAILED;
	} else {
		err = work(fd, &info, arg);
		close(fd);
	}
	unload = suite_unload();
	return err ? err : unload;
}

const char *device_why(int err, const struct refcost_run *run, char *buf, size_t len)
{
	switch (err) {
	case EBUSY:
		snprintf(buf, len,
			 "another run or load is going on: wait for its end, or end that refcost");
		break;
	case ENODEV:
		snprintf(
			buf, len,
			"CPU %d is offline or went offline during the run: bring it back (echo 1 | "
			"sudo tee /sys/devices/system/cpu/cpu%d/online) and give the same command again",
			run->bad_cpu, run->bad_cpu);
		break;
	case EUCLEAN:
		snprintf(buf, len,
			 "references not conserved: %lld left over: do not trust this scheme here",
			 (long long)run->balance);
		break;
	case EOPNOTSUPP:
		snprintf(buf, len,
			 "the scheme has no such mode, or too large a state for this layout");
		break;
	case EEXIST:
		snprintf(buf, len, "the victim is loaded already: rmmod " SUITE_VICTIM);
		break;
	case ERANGE:
		snprintf(buf, len,
			 "the victim has fewer objects than %u: rmmod " SUITE_VICTIM
			 ", and give the same command again",
			 run->objects);
		break;
	case ENXIO:
		snprintf(
			buf, len,
			"the victim is not loaded, or somebody else unloads it: leave " SUITE_VICTIM
			" alone, and give the same command again");
		break;
	case ESTALE:
		snprintf(buf, len,
			 "the victim's objects were released by an unload that did not come to its "
			 "end: rmmod " SUITE_VICTIM ", and give the same command again");
		break;
	case ENOTCONN:
		snprintf(buf, len, "the load has ended meanwhile: give the same command again");
		break;
	case ENOENT:
	case EINVAL:
	case ENOTTY:
		snprintf(buf, len, "%s: " SUITE_BENCH ".ko is of another build: run make again",
			 strerror(err));
		break;
	case EPERM:
		snprintf(buf, len, "the kernel wants CAP_SYS_ADMIN for this: run it as root");
		break;
	case EIO:
		snprintf(buf, len, DIED);
		break;
	default:
		snprintf(buf, len, "%s", strerror(err));
	}
	return buf;
}

const char *unload_why(int err, char *buf, size_t len)
{
	static const struct refcost_run none;

	if (err == ENOENT) /* of delete_module(2) */
		err = ENXIO;
	if (err == ENXIO || err == ESTALE || err == ENOTCONN || err == EPERM)
		return device_why(err, &none, buf, len);
	snprintf(buf, len, "%s", strerror(err));
	return buf;
}
