// What a program does about its system calls: whether it makes them itself, and whether it loads libraries. A script does
// what its interpreter does. A file that can't be read, or is something else than ELF, does neither.
#include "exec.h"

#include <ctype.h>
#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MAX_SCRIPTS 5    // interpreters that are scripts
#define MAX_HEADERS 128  // program headers that are looked at
#define MAX_NOTES   4096 // bytes of a part with notes that are looked at

#define ROUND4(n) (((n) + 3) & ~(size_t)3)

// Go's linker notes which build it was. Its programs make their system calls themselves, also those with C in them.
static bool has_go_note(int fd, const Elf64_Phdr *part)
{
	_Alignas(8) char notes[MAX_NOTES];
	size_t size = part->p_filesz < sizeof(notes) ? part->p_filesz : sizeof(notes), at = 0;
	Elf64_Nhdr note;

	if (pread(fd, notes, size, (off_t)part->p_offset) != (ssize_t)size)
		return false;
	while (size - at > sizeof(note)) {
		size_t left;

		memcpy(&note, notes + at, sizeof(note));
		at += sizeof(note);
		left = size - at;
		if (note.n_namesz == 4 && left >= 4 && memcmp(notes + at, "Go\0", 4) == 0)
			return true;
		if (note.n_namesz > left || note.n_descsz > left || ROUND4(note.n_namesz) + ROUND4(note.n_descsz) > left)
			return false;
		at += ROUND4(note.n_namesz) + ROUND4(note.n_descsz);
	}
	return false;
}

static struct program elf(int fd)
{
	struct program none = {0}, is = {.own_calls = true};
	Elf64_Ehdr head;
	Elf64_Phdr part;
	bool go = false;

	if (pread(fd, &head, sizeof(head), 0) != sizeof(head) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
	    head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_phentsize != sizeof(part) || head.e_phnum > MAX_HEADERS ||
	    head.e_phnum == 0 || (head.e_type != ET_EXEC && head.e_type != ET_DYN))
		return none;
	for (int i = 0; i < head.e_phnum; i++) {
		if (pread(fd, &part, sizeof(part), (off_t)(head.e_phoff + (uint64_t)i * sizeof(part))) != sizeof(part))
			return none;
		is.loads |= part.p_type == PT_INTERP; // it asks for a dynamic linker
		go |= part.p_type == PT_NOTE && has_go_note(fd, &part);
	}
	is.own_calls = !is.loads || go;
	return is;
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

struct program program_at(const char *path)
{
	struct program none = {0};
	char line[256];

	for (int i = 0; i < MAX_SCRIPTS; i++) {
		int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		ssize_t n = fd < 0 ? -1 : pread(fd, line, sizeof(line) - 1, 0);
		struct program p = n > 0 ? elf(fd) : none;

		if (fd >= 0)
			close(fd);
		if (n <= 0 || p.own_calls || p.loads)
			return p;
		line[n] = '\0';
		path = interpreter(line);
		if (path == NULL)
			return none;
	}
	return none;
}
