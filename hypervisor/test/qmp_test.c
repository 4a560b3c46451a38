/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The QMP client against a QEMU that says what the test wants, and a clock that the test turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/lib/log.h"
#include "hypervisor/qmp.h"
#include "hypervisor/socket_path.h"

#define GREETING                                                                                   \
	"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 13, \"minor\": 0, \"major\": 10}}, "       \
	"\"capabilities\": [\"oob\"]}}\r\n"

static struct loop *loop;
static struct qmp qmp;
static int listener, peer;
static char path[64];
static unsigned ready, lost, hung, events;
static struct qmp_message last_event;
static char last_status[64], last_version[64];

static void on_ready(struct qmp *client, const char *version, const char *status)
{
	(void)client;
	ready++;
	snprintf(last_version, sizeof(last_version), "%s", version);
	snprintf(last_status, sizeof(last_status), "%s", status);
}

static void on_event(struct qmp *client, const struct qmp_message *event)
{
	(void)client;
	events++;
	last_event = *event;
}

static void on_lost(struct qmp *client, const char *reason)
{
	assert_int_equal(client->fd, -1);
	assert_non_null(reason);
	lost++;
}

static void on_hung(struct qmp *client)
{
	(void)client;
	hung++;
}

static const struct qmp_handler handler = {
	.on_ready = on_ready, .on_event = on_event, .on_lost = on_lost, .on_hung = on_hung
};

static int set_up(void **state)
{
	(void)state;
	ready = lost = hung = events = 0;
	log_level_set("*", "error");
	snprintf(path, sizeof(path), "/tmp/qmp-test-%d.sock", (int)getpid());
	listener = socket_path_listen(path);
	if (listener < 0 || loop_new(&loop) < 0)
		return -1;
	loop_clock_fake(loop, 1000);
	if (qmp_open(&qmp, loop, path, &handler) < 0)
		return -1;
	peer = accept(listener, NULL, NULL);
	return peer < 0;
}

static int tear_down(void **state)
{
	(void)state;
	qmp_close(&qmp);
	close(peer);
	close(listener);
	unlink(path);
	loop_free(loop);
	return 0;
}

static void say(const char *text)
{
	assert_int_equal(send(peer, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	loop_once(loop, 0);
}

static void heard(const char *expected)
{
	char text[1024];
	ssize_t size = recv(peer, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[size > 0 ? size : 0] = '\0';
	assert_string_equal(text, expected);
}

static void negotiate(void)
{
	say(GREETING);
	heard("{\"execute\":\"qmp_capabilities\",\"id\":1}\n{\"execute\":\"query-status\",\"id\":2}\n");
	say("{\"return\": {}, \"id\": 1}\r\n");
	assert_int_equal(ready, 0);
	say("{\"return\": {\"status\": \"running\", \"singlestep\": false, \"running\": true}, "
	    "\"id\": 2}\r\n");
	assert_int_equal(ready, 1);
}

static void it_negotiates(void **state)
{
	(void)state;
	negotiate();
	assert_string_equal(last_version, "10.0.13");
	assert_string_equal(last_status, "running");
}

static void lines_come_in_pieces(void **state)
{
	const char *event = "{\"timestamp\": {\"seconds\": 1}, \"event\": \"SHUTDOWN\", \"data\": "
			    "{\"guest\": true, \"reason\": \"guest-shutdown\"}}\r\n{\"ev";
	char byte[2] = "";

	(void)state;
	negotiate();
	for (size_t i = 0; event[i] != '\0'; i++) {
		byte[0] = event[i];
		say(byte);
	}
	assert_int_equal(events, 1);
	assert_string_equal(last_event.event, "SHUTDOWN");
	assert_string_equal(last_event.reason, "guest-shutdown");
	assert_true(last_event.guest);
	say("ent\": \"STOP\"}\n{\"event\": \"RESUME\"}\n");
	assert_int_equal(events, 3);
}

static void silence_is_noticed_once(void **state)
{
	(void)state;
	negotiate();
	assert_int_equal(qmp_send(&qmp, "system_powerdown"), 0);
	heard("{\"execute\":\"system_powerdown\",\"id\":3}\n");
	loop_clock_fake(loop, 1000 + QMP_TIMEOUT_MS - 1);
	loop_once(loop, 0);
	assert_int_equal(hung, 0);
	loop_clock_fake(loop, 1000 + QMP_TIMEOUT_MS);
	loop_once(loop, 0);
	assert_int_equal(hung, 1);
	loop_clock_fake(loop, 1000 + 5 * QMP_TIMEOUT_MS);
	loop_once(loop, 0);
	assert_int_equal(hung, 1);
	assert_int_equal(lost, 0);
	say("{\"return\": {}, \"id\": 3}\n");
	assert_false(qmp.hung);
}

static void errors_are_no_end(void **state)
{
	(void)state;
	negotiate();
	qmp_send(&qmp, "cont");
	say("{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}, \"id\": 3}\n");
	assert_int_equal(lost, 0);
	assert_int_equal(qmp.answered, 3);
}

static void nonsense_is_the_end(void **state)
{
	(void)state;
	say("{\"hello\": 1}\n");
	assert_int_equal(lost, 1);
	assert_int_equal(qmp_send(&qmp, "cont"), -ENOTCONN);
}

static void a_line_without_end_is_the_end(void **state)
{
	static char flood[16384];

	(void)state;
	memset(flood, 'x', sizeof(flood) - 1);
	for (int i = 0; i < 40 && lost == 0; i++) {
		send(peer, flood, sizeof(flood) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		loop_once(loop, 0);
	}
	assert_int_equal(lost, 1);
}

static void hang_up_is_told(void **state)
{
	(void)state;
	negotiate();
	shutdown(peer, SHUT_RDWR);
	loop_once(loop, 0);
	assert_int_equal(lost, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_negotiates, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lines_come_in_pieces, set_up, tear_down),
		cmocka_unit_test_setup_teardown(silence_is_noticed_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(errors_are_no_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nonsense_is_the_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_line_without_end_is_the_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hang_up_is_told, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
