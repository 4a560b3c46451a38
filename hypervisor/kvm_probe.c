/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/kvm_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

#define MEMORY_SIZE 0x10000

/* What the machine has when it is about to run. Only used in the child: nothing is released. */
struct machine {
	int vm, vcpu;
	uint8_t *memory;
	struct kvm_run *run;
};

static int machine_create(struct machine *machine)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	struct kvm_userspace_memory_region region = { .memory_size = MEMORY_SIZE };
	int size;

	if (kvm < 0 || ioctl(kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return -1;
	machine->vm = ioctl(kvm, KVM_CREATE_VM, 0);
	machine->memory =
		mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (machine->vm < 0 || machine->memory == MAP_FAILED)
		return -1;
	region.userspace_addr = (uintptr_t)machine->memory;
	if (ioctl(machine->vm, KVM_SET_USER_MEMORY_REGION, &region) < 0)
		return -1;
	machine->vcpu = ioctl(machine->vm, KVM_CREATE_VCPU, 0);
	size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (machine->vcpu < 0 || size < (int)sizeof(*machine->run))
		return -1;
	machine->run =
		mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, machine->vcpu, 0);
	return machine->run == MAP_FAILED ? -1 : 0;
}

#ifdef __x86_64__

enum {
	AT_CODE = 0x1000,
	AT_HANDLER = 0x1100,
	AT_IDT = 0x2000,
	AT_GDT = 0x3000,
	AT_PAGES = 0x4000,
	AT_STACK = 0x8000
};
enum { SELECTOR_CODE = 8, SELECTOR_DATA = 16, VECTOR_BREAKPOINT = 3, PORT = 0x10 };

/* 32-bit code: paging on, a breakpoint taken through the IDT, a word to the port, halt. */
static const uint8_t code[] = {
	0xb8, 0x00, 0x40, 0x00, 0x00, /* mov $AT_PAGES, %eax */
	0x0f, 0x22, 0xd8,             /* mov %eax, %cr3 */
	0x0f, 0x20, 0xe0,             /* mov %cr4, %eax */
	0x83, 0xc8, 0x10,             /* or $PSE, %eax */
	0x0f, 0x22, 0xe0,             /* mov %eax, %cr4 */
	0x0f, 0x20, 0xc0,             /* mov %cr0, %eax */
	0x0d, 0x00, 0x00, 0x00, 0x80, /* or $PG, %eax */
	0x0f, 0x22, 0xc0,             /* mov %eax, %cr0 */
	0x31, 0xdb,                   /* xor %ebx, %ebx */
	0xcc,                         /* int3 */
	0x88, 0xd8,                   /* mov %bl, %al */
	0xe6, PORT,                   /* out %al, $PORT */
	0xf4,                         /* hlt */
};

static const uint8_t handler[] = {
	0xb3, 0x5a, /* mov $'Z', %bl */
	0xcf,       /* iret */
};

static void put64(struct machine *machine, size_t offset, uint64_t value)
{
	memcpy(machine->memory + offset, &value, sizeof(value));
}

static void memory_fill(struct machine *machine)
{
	uint32_t page = 0x83; /* present, writable, 4 MiB, at 0 */

	memcpy(machine->memory + AT_CODE, code, sizeof(code));
	memcpy(machine->memory + AT_HANDLER, handler, sizeof(handler));
	memcpy(machine->memory + AT_PAGES, &page, sizeof(page));
	put64(machine, AT_GDT + SELECTOR_CODE, UINT64_C(0x00cf9b000000ffff));
	put64(machine, AT_GDT + SELECTOR_DATA, UINT64_C(0x00cf93000000ffff));
	put64(machine, AT_IDT + 8 * VECTOR_BREAKPOINT, UINT64_C(0x00008e0000080000) | AT_HANDLER);
}

static struct kvm_segment segment(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment){ .limit = 0xffffffff,
				     .selector = selector,
				     .type = type,
				     .present = 1,
				     .db = 1,
				     .s = 1,
				     .g = 1 };
}

static int registers_set(struct machine *machine)
{
	struct kvm_regs registers = { .rip = AT_CODE, .rsp = AT_STACK, .rflags = 2 };
	struct kvm_sregs system;

	if (ioctl(machine->vcpu, KVM_GET_SREGS, &system) < 0)
		return -1;
	system.cs = segment(SELECTOR_CODE, 11);
	system.ds = system.es = system.fs = system.gs = system.ss = segment(SELECTOR_DATA, 3);
	system.gdt.base = AT_GDT;
	system.gdt.limit = 23;
	system.idt.base = AT_IDT;
	system.idt.limit = 8 * 32 - 1;
	system.cr0 |= 1;
	if (ioctl(machine->vcpu, KVM_SET_SREGS, &system) < 0)
		return -1;
	return ioctl(machine->vcpu, KVM_SET_REGS, &registers);
}

/* The letter shows that the handler ran: anything else is a KVM that only looks like one. */
static int machine_run(struct machine *machine)
{
	struct kvm_run *run = machine->run;

	memory_fill(machine);
	if (registers_set(machine) < 0 || ioctl(machine->vcpu, KVM_RUN, 0) < 0)
		return -1;
	if (run->exit_reason != KVM_EXIT_IO || run->io.port != PORT ||
	    ((const uint8_t *)run)[run->io.data_offset] != 'Z')
		return -1;
	if (ioctl(machine->vcpu, KVM_RUN, 0) < 0 || run->exit_reason != KVM_EXIT_HLT)
		return -1;
	return 0;
}

#else

/* A processor of the host's kind can be had: the rest is for the first guest to find out. */
static int machine_run(struct machine *machine)
{
	struct kvm_vcpu_init init;

	if (ioctl(machine->vm, KVM_ARM_PREFERRED_TARGET, &init) < 0)
		return -1;
	return ioctl(machine->vcpu, KVM_ARM_VCPU_INIT, &init);
}

#endif

static _Noreturn void child_run(void)
{
	struct machine machine = { .vm = -1, .vcpu = -1 };

	signal(SIGALRM, SIG_DFL);
	alarm(2 * KVM_PROBE_PATIENCE_MS /
	      1000); /* nobody may be left behind, even when vmm is gone */
	_exit(machine_create(&machine) == 0 && machine_run(&machine) == 0 ? 0 : 1);
}

static void on_child_end(struct loop_process *process, int status)
{
	struct kvm_probe *probe = container_of(process, struct kvm_probe, process);

	loop_timer_stop(&probe->timer);
	probe->pid = 0;
	probe->on_done(probe, status == 0);
}

/* A child that hangs in the kernel may not even die: it is not waited for any longer. */
void kvm_probe_stop(struct kvm_probe *probe)
{
	if (probe->pid == 0)
		return;
	loop_timer_stop(&probe->timer);
	loop_process_stop(&probe->process);
	kill(probe->pid, SIGKILL);
	waitpid(probe->pid, NULL, WNOHANG);
	probe->pid = 0;
}

static void on_patience_over(struct loop_timer *timer)
{
	struct kvm_probe *probe = container_of(timer, struct kvm_probe, timer);

	log_warning("host", "kvm hangs", "patience_ms=%d", KVM_PROBE_PATIENCE_MS);
	kvm_probe_stop(probe);
	probe->on_done(probe, false);
}

int kvm_probe_start(struct kvm_probe *probe, struct loop *loop,
		    void (*on_done)(struct kvm_probe *, bool))
{
	int result;

	*probe = (struct kvm_probe){ .loop = loop, .on_done = on_done, .pid = fork() };
	if (probe->pid == 0)
		child_run();
	if (probe->pid < 0) {
		probe->pid = 0;
		return -errno;
	}
	result = loop_process_start(loop, &probe->process, probe->pid, on_child_end);
	if (result < 0) {
		kill(probe->pid, SIGKILL);
		probe->pid = 0;
		return result;
	}
	loop_timer_start(loop, &probe->timer, KVM_PROBE_PATIENCE_MS, on_patience_over);
	return 0;
}
