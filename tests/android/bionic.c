/* What Android's C library has and glibc has not, or has otherwise: just what libtensorflowlite_jni.so calls. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int *__errno(void) { return __errno_location(); }

/* stdin, stdout, stderr: an array of opaque structures of 152 bytes. */
char __sF[3][152];

static FILE *stream_of(FILE *stream) {
    if ((char *)stream == __sF[0]) return stdin;
    if ((char *)stream == __sF[1]) return stdout;
    if ((char *)stream == __sF[2]) return stderr;
    return stream;
}

int Afprintf(FILE *stream, const char *format, va_list values) {
    return vfprintf(stream_of(stream), format, values);
}

int Aprintf(FILE *stream, const char *format, ...) {
    va_list values;
    va_start(values, format);
    int count = vfprintf(stream_of(stream), format, values);
    va_end(values);
    return count;
}

int Aputc(int character, FILE *stream) { return fputc(character, stream_of(stream)); }

size_t Awrite(const void *data, size_t size, size_t count, FILE *stream) {
    return fwrite(data, size, count, stream_of(stream));
}

int Aflush(FILE *stream) { return fflush(stream ? stream_of(stream) : NULL); }

int Aileno(FILE *stream) { return fileno(stream_of(stream)); }

size_t __strlen_chk(const char *text, size_t size) { return strlen(text); }

/* Android's is POSIX's, which glibc gives this name. */
int __xpg_strerror_r(int number, char *text, size_t size);
int Atrerror_r(int number, char *text, size_t size) { return __xpg_strerror_r(number, text, size); }

/* Its numbers are not glibc's. */
long Aysconf(int name) {
    switch (name) {
    case 0x0027: case 0x0028: return sysconf(_SC_PAGESIZE);
    case 0x0060: return sysconf(_SC_NPROCESSORS_CONF);
    case 0x0061: return sysconf(_SC_NPROCESSORS_ONLN);
    case 0x0062: return sysconf(_SC_PHYS_PAGES);
    default: fprintf(stderr, "sysconf(%d) of Android is unknown here\n", name); abort();
    }
}

int __system_property_get(const char *name, char *value) { value[0] = 0; return 0; }

int __android_log_vprint(int priority, const char *tag, const char *format, va_list values) {
    fprintf(stderr, "%s: ", tag);
    int count = vfprintf(stderr, format, values);
    fputc('\n', stderr);
    return count;
}

void android_set_abort_message(const char *text) { fprintf(stderr, "%s\n", text); }
