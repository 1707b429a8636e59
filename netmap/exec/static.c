// Whether a program makes its system calls itself: an ELF file that asks for no dynamic linker, or a script whose
// interpreter is one. A file that can't be read, or is something else, is none.
#include "exec.h"

#include <ctype.h>
#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MAX_SCRIPTS 5   // interpreters that are scripts
#define MAX_HEADERS 128 // program headers that are looked at

static bool elf_is_static(int fd)
{
	Elf64_Ehdr head;
	Elf64_Phdr part;

	if (pread(fd, &head, sizeof(head), 0) != sizeof(head) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
	    head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_phentsize != sizeof(part) || head.e_phnum > MAX_HEADERS ||
	    (head.e_type != ET_EXEC && head.e_type != ET_DYN))
		return false;
	for (int i = 0; i < head.e_phnum; i++) {
		if (pread(fd, &part, sizeof(part), (off_t)(head.e_phoff + (uint64_t)i * sizeof(part))) != sizeof(part))
			return false;
		if (part.p_type == PT_INTERP)
			return false;
	}
	return head.e_phnum > 0;
}

// The interpreter that a script's first line names, or NULL.
static char *interpreter(char *line)
{
	char *at = line + 2, *end;

	if (line[0] != '#' || line[1] != '!')
		return NULL;
	while (*at == ' ' || *at == '\t')
		at++;
	for (end = at; *end != '\0' && !isspace((unsigned char)*end); end++)
		;
	*end = '\0';
	return end > at ? at : NULL;
}

bool program_is_static(const char *path)
{
	char line[256];

	for (int i = 0; i < MAX_SCRIPTS; i++) {
		int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		ssize_t n = fd < 0 ? -1 : pread(fd, line, sizeof(line) - 1, 0);
		bool is_static = n > 0 && elf_is_static(fd);

		if (fd >= 0)
			close(fd);
		if (n <= 0 || is_static)
			return is_static;
		line[n] = '\0';
		path = interpreter(line);
		if (path == NULL)
			return false;
	}
	return false;
}
