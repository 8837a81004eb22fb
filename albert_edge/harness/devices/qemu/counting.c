/* Counts the instructions that a program executes in qemu's user mode, and says how many at marks in the program.

   A mark is the system call getpgid (the plugin's one argument is its number: getpgid=155) of a number that no process
   group has, MARK of harness/counted.py. Each prints the count so far on a line of the plugin's log. Blocks of
   instructions are counted whole as they are entered; one that a fault leaves early is counted whole too. All threads
   are counted together, without a lock: only a program that runs one thread at a time is counted right.

   Declares the few functions of qemu-plugin.h by itself and calls nothing of the C library, so that it needs no headers
   and loads beside any. Source: qemu's docs/devel/tcg-plugins.rst, of version 7.2 (plugin version 1). */

#include <stddef.h>
#include <stdint.h>

#define MARK 0x41450000u

typedef uint64_t plugin_id;
struct block;
typedef void on_block(plugin_id, struct block *);
typedef void on_enter(unsigned cpu, void *instructions);
typedef void on_call(plugin_id, unsigned cpu, int64_t number, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                     uint64_t, uint64_t, uint64_t);

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, on_block *);
void qemu_plugin_register_vcpu_tb_exec_cb(struct block *, on_enter *, int flags, void *);
void qemu_plugin_register_vcpu_syscall_cb(plugin_id, on_call *);
size_t qemu_plugin_tb_n_insns(const struct block *);
void qemu_plugin_outs(const char *);

int qemu_plugin_version = 1;

static uint64_t count;
static int64_t getpgid_number;

static void entered(unsigned cpu, void *instructions) {
  (void)cpu;
  count += (uintptr_t)instructions;
}

static void translated(plugin_id id, struct block *block) {
  (void)id;
  qemu_plugin_register_vcpu_tb_exec_cb(block, entered, 0, (void *)(uintptr_t)qemu_plugin_tb_n_insns(block));
}

static void called(plugin_id id, unsigned cpu, int64_t number, uint64_t group, uint64_t a2, uint64_t a3, uint64_t a4,
                   uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
  char text[24], *at = text + sizeof text;
  uint64_t left = count;

  (void)id, (void)cpu, (void)a2, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
  if (number != getpgid_number || (uint32_t)group != MARK)
    return;
  *--at = '\0';
  *--at = '\n';
  do
    *--at = (char)('0' + left % 10);
  while (left /= 10);
  qemu_plugin_outs(at);
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv) {
  static const char name[] = "getpgid=";
  const char *at = argc == 1 ? argv[0] : "";
  const char *expected = name;

  (void)info;
  while (*expected)
    if (*at++ != *expected++)
      return 1;
  for (; *at >= '0' && *at <= '9'; at++)
    getpgid_number = 10 * getpgid_number + (*at - '0');
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_vcpu_syscall_cb(id, called);
  return 0;
}
