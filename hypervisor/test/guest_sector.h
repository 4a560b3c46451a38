/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest of one disk sector, x86 alone. It says BOOT on its serial line and then listens: to the
 * power button (it switches itself off), and to letters on the line: 'o' off, 'r' reset, 'd' deaf
 * to everything from now on; any other is echoed. It sleeps between two ticks of the clock.
 */
#ifndef CUMULET_HYPERVISOR_TEST_GUEST_SECTOR_H
#define CUMULET_HYPERVISOR_TEST_GUEST_SECTOR_H

extern const char guest_sector[512];

__asm__(".pushsection .rodata\n"
	".globl guest_sector\n"
	"guest_sector:\n"
	".code16\n"
	"	xorw %ax, %ax\n"
	"	movw %ax, %ds\n"
	"	movw %ax, %ss\n"
	"	movw $0x7c00, %sp\n"
	"	movw $(0x7c00 + sector_boot - guest_sector), %si\n"
	"	call sector_print\n"
	"	movw $0x602, %dx\n" /* PM1 enable: power button */
	"	movw $0x100, %ax\n"
	"	outw %ax, %dx\n"
	"	sti\n"
	"sector_loop:\n"
	"	hlt\n"
	"	movw $0x600, %dx\n" /* PM1 status */
	"	inw %dx, %ax\n"
	"	testb $1, %ah\n"
	"	jnz sector_off\n"
	"	movw $0x3fd, %dx\n" /* line status: data ready */
	"	inb %dx, %al\n"
	"	testb $1, %al\n"
	"	jz sector_loop\n"
	"	movw $0x3f8, %dx\n"
	"	inb %dx, %al\n"
	"	cmpb $'o', %al\n"
	"	je sector_off\n"
	"	cmpb $'r', %al\n"
	"	je sector_reset\n"
	"	cmpb $'d', %al\n"
	"	je sector_deaf\n"
	"	outb %al, %dx\n"
	"	jmp sector_loop\n"
	"sector_off:\n"
	"	movw $(0x7c00 + sector_bye - guest_sector), %si\n"
	"	call sector_print\n"
	"	movw $0x604, %dx\n" /* PM1 control: sleep, type S5 */
	"	movw $0x2000, %ax\n"
	"	outw %ax, %dx\n"
	"	jmp sector_loop\n"
	"sector_reset:\n"
	"	movw $0xcf9, %dx\n"
	"	movb $6, %al\n"
	"	outb %al, %dx\n"
	"sector_deaf:\n"
	"	movw $(0x7c00 + sector_hush - guest_sector), %si\n"
	"	call sector_print\n"
	"	cli\n"
	"	hlt\n"
	"	jmp . - 1\n"
	"sector_print:\n"
	"	lodsb\n"
	"	testb %al, %al\n"
	"	jz sector_printed\n"
	"	movw $0x3f8, %dx\n"
	"	outb %al, %dx\n"
	"	jmp sector_print\n"
	"sector_printed:\n"
	"	ret\n"
	"sector_boot: .asciz \"BOOT\\r\\n\"\n"
	"sector_bye: .asciz \"BYE\\r\\n\"\n"
	"sector_hush: .asciz \"DEAF\\r\\n\"\n"
	".org guest_sector + 510\n"
	".byte 0x55, 0xaa\n"
	".code64\n"
	".popsection\n");

#endif
