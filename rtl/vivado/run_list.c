/* Runs a ternary product on the engines of a board and compares every sum: the least that a driver
 * does, for Linux on the processors beside the fabric.
 *
 *   cc -std=c99 -O2 -Wall -Werror -o run_list run_list.c
 *   run_list N K M BUFFER ADDRESS WINDOW...
 *   run_list 2560 2560 1 /dev/udmabuf0 0x60000000 /dev/mem@0xA0000000 /dev/mem@0xA0001000
 *
 * N x K ternary weights times M vectors. BUFFER is memory that the engines see at the physical ADDRESS
 * (u-dma-buf: /sys/class/u-dma-buf/udmabuf0/phys_addr). A WINDOW is the registers of one engine: a
 * device and where they lie in it, /dev/mem@0xA0000000 or /dev/uio4@0. The rows are shared out among
 * the engines, which run at the same time.
 *
 * registers.h is generated (`bitsim rtl emit --header`, or --vivado); docs/registers.md describes the
 * registers, docs/top.md what memory holds. Exit status: 0 all sums are right, 1 not, 2 misused. */
#define _FILE_OFFSET_BITS 64
#define _POSIX_C_SOURCE 200112L
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "registers.h"

enum {
    COLUMNS = BITSIM_ARRAY_SHAPE_COLUMNS_VALUE,
    LANES = BITSIM_ARRAY_SHAPE_LANES_VALUE,
    SLICES = BITSIM_ARRAY_REUSE_SLICES_VALUE,
    HOLD = BITSIM_ARRAY_REUSE_HOLD_VALUE,
    BASE3 = BITSIM_ARRAY_NUMBERS_PACKING_VALUE,
    WORD_BYTES = BITSIM_BUS_WORD_BYTES_VALUE,
    PORTS = BITSIM_BUS_WEIGHT_PORTS_VALUE,
    PER_BYTE = BASE3 ? 5 : 4, /* weights */
    RADIX = BASE3 ? 3 : 4,
    BEAT_BYTES = (LANES + PER_BYTE - 1) / PER_BYTE,
    PORT_COLUMNS = COLUMNS / PORTS,
    STEP_WORDS = (PORT_COLUMNS * BEAT_BYTES + WORD_BYTES - 1) / WORD_BYTES,
    ACTIVATION_WORDS = (LANES * SLICES + WORD_BYTES - 1) / WORD_BYTES,
    RESULT_WORDS = (COLUMNS * SLICES * 4 + WORD_BYTES - 1) / WORD_BYTES,
    MOST_ENGINES = 16,
    MOST_SECONDS = 10
};

static void fail(const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
    fputs("run_list: ", stderr);
    vfprintf(stderr, text, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(2);
}

static void *map(const char *path, off_t offset, size_t bytes)
{
    int file = open(path, O_RDWR | O_SYNC); /* O_SYNC: past the caches, which the engines do not see */
    void *memory;
    if (file < 0)
        fail("%s: %s", path, strerror(errno));
    memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, offset);
    if (memory == MAP_FAILED)
        fail("%s at %#jx: %s", path, (uintmax_t)offset, strerror(errno));
    close(file);
    return memory;
}

/* How registers are reached. A header of one's own can say so instead, for a simulator. */
#ifdef REGISTER_ACCESS
#include REGISTER_ACCESS
#else
typedef volatile uint32_t *window_t;

static window_t open_window(const char *name)
{
    const char *at = strrchr(name, '@');
    char path[256];
    if (at == NULL || (size_t)(at - name) >= sizeof path)
        fail("%s is no window; write DEVICE@OFFSET", name);
    memcpy(path, name, (size_t)(at - name));
    path[at - name] = '\0';
    return map(path, (off_t)strtoull(at + 1, NULL, 0), BITSIM_WINDOW_BYTES);
}

static uint32_t read_register(window_t window, uint32_t offset)
{
    return window[offset / 4];
}

static void write_register(window_t window, uint32_t offset, uint32_t value)
{
    window[offset / 4] = value;
}
#endif

/* What one engine works on: rows [first, first + rows) of the matrix. */
struct engine {
    const char *name;
    window_t window;
    size_t first, rows, row_tiles;
    uint64_t weights, results; /* offsets in the buffer */
};

static size_t n, k, m;
static size_t k_beats, groups, passes;
static int8_t *weights, *activations; /* n x k, m x k */

static size_t ceil_div(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

static uint32_t drawn(void)
{
    static uint32_t state = 2463534242u; /* xorshift32 */
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static int weight_at(size_t row, size_t end, size_t place)
{
    return row < end && place < k ? weights[row * k + place] : 0;
}

/* Image of one weight port: for each row tile and K beat, the beats of its columns. */
static void place_weights(uint8_t *to, const struct engine *engine, size_t port)
{
    for (size_t tile = 0; tile < engine->row_tiles; ++tile)
        for (size_t beat = 0; beat < k_beats; ++beat, to += (size_t)STEP_WORDS * WORD_BYTES)
            for (size_t byte = 0; byte < (size_t)STEP_WORDS * WORD_BYTES; ++byte) {
                size_t column = port * PORT_COLUMNS + byte / BEAT_BYTES;
                size_t row = engine->first + tile * COLUMNS + column;
                size_t lane = byte % BEAT_BYTES * PER_BYTE;
                unsigned digits = 0;
                for (size_t i = PER_BYTE; i-- > 0;) { /* the first weight is the lowest digit */
                    size_t place = beat * LANES + lane + i;
                    int used = byte / BEAT_BYTES < PORT_COLUMNS && lane + i < LANES;
                    int weight = used ? weight_at(row, engine->first + engine->rows, place) : 0;
                    digits = digits * RADIX + (unsigned)(weight + 1);
                }
                to[byte] = (uint8_t)digits;
            }
}

/* Image of the activations, the same for all engines: block, K beat, group; slice, lane. */
static void place_activations(int8_t *to)
{
    for (size_t block = 0; block < groups; block += HOLD)
        for (size_t beat = 0; beat < k_beats; ++beat)
            for (size_t group = block; group < groups && group < block + HOLD; ++group) {
                memset(to, 0, (size_t)ACTIVATION_WORDS * WORD_BYTES);
                for (size_t s = 0; s < SLICES; ++s)
                    for (size_t r = 0; r < LANES; ++r) {
                        size_t vector = group * SLICES + s, place = beat * LANES + r;
                        if (vector < m && place < k)
                            to[s * LANES + r] = activations[vector * k + place];
                    }
                to += (size_t)ACTIVATION_WORDS * WORD_BYTES;
            }
}

/* Sums that are not those of the plain product. */
static size_t wrong_sums(const uint8_t *from, const struct engine *engine)
{
    size_t wrong = 0;
    for (size_t block = 0; block < groups; block += HOLD)
        for (size_t tile = 0; tile < engine->row_tiles; ++tile)
            for (size_t group = block; group < groups && group < block + HOLD; ++group) {
                for (size_t c = 0; c < COLUMNS; ++c)
                    for (size_t s = 0; s < SLICES; ++s) {
                        size_t row = tile * COLUMNS + c, vector = group * SLICES + s;
                        int32_t sum, expected = 0;
                        memcpy(&sum, from + 4 * (c * SLICES + s), sizeof sum);
                        if (row < engine->rows && vector < m)
                            for (size_t i = 0; i < k; ++i)
                                expected += weights[(engine->first + row) * k + i] *
                                            activations[vector * k + i];
                        wrong += sum != expected;
                    }
                from += (size_t)RESULT_WORDS * WORD_BYTES;
            }
    return wrong;
}

static uint64_t counter(window_t window, uint32_t low)
{
    uint32_t lower = read_register(window, low); /* keeps the upper bits of the same cycle */
    return (uint64_t)read_register(window, low + 4) << 32 | lower;
}

static void identify(const struct engine *engine)
{
    uint32_t magic = read_register(engine->window, BITSIM_MAGIC_OFFSET);
    uint32_t version = read_register(engine->window, BITSIM_VERSION_OFFSET);
    uint32_t digest = read_register(engine->window, BITSIM_DIGEST_OFFSET);
    if (magic != BITSIM_MAGIC_VALUE)
        fail("%s: no accelerator is here (%#" PRIx32 "); load the bitstream", engine->name, magic);
    if (version >> BITSIM_VERSION_MAJOR_SHIFT != BITSIM_VERSION_MAJOR_VALUE ||
        digest != BITSIM_DIGEST_VALUE)
        fail("%s: another machine than that of registers.h; emit and compile again", engine->name);
}

/* One phase, in place 0 of the list. */
static void start(const struct engine *engine, uint64_t address, uint64_t activations_at)
{
    window_t window = engine->window;
    uint64_t from = address + engine->weights, to = address + engine->results;
    uint64_t port_words = (uint64_t)engine->row_tiles * k_beats * STEP_WORDS;
    uint64_t words = (uint64_t)k_beats * groups * ACTIVATION_WORDS;
    uint64_t written = (uint64_t)engine->row_tiles * groups * RESULT_WORDS;
    uint64_t begin = address + activations_at;
    write_register(window, BITSIM_LIST_INDEX_OFFSET, 0);
    write_register(window, BITSIM_ENTRY_TILES_OFFSET,
                   (uint32_t)engine->row_tiles << BITSIM_ENTRY_TILES_ROW_TILES_SHIFT |
                       (uint32_t)k_beats << BITSIM_ENTRY_TILES_K_BEATS_SHIFT);
    write_register(window, BITSIM_ENTRY_GROUPS_OFFSET,
                   (uint32_t)groups << BITSIM_ENTRY_GROUPS_GROUPS_SHIFT |
                       (uint32_t)passes << BITSIM_ENTRY_GROUPS_PASSES_SHIFT);
    write_register(window, BITSIM_ENTRY_WEIGHTS_ADDRESS_LOW_OFFSET, (uint32_t)from);
    write_register(window, BITSIM_ENTRY_WEIGHTS_ADDRESS_HIGH_OFFSET, (uint32_t)(from >> 32));
    write_register(window, BITSIM_ENTRY_WEIGHTS_STRIDE_OFFSET, (uint32_t)(port_words * WORD_BYTES));
    write_register(window, BITSIM_ENTRY_WEIGHTS_WORDS_OFFSET, (uint32_t)port_words);
    write_register(window, BITSIM_ENTRY_ACTIVATIONS_ADDRESS_LOW_OFFSET, (uint32_t)begin);
    write_register(window, BITSIM_ENTRY_ACTIVATIONS_ADDRESS_HIGH_OFFSET, (uint32_t)(begin >> 32));
    write_register(window, BITSIM_ENTRY_ACTIVATIONS_WORDS_OFFSET, (uint32_t)words);
    write_register(window, BITSIM_ENTRY_RESULTS_ADDRESS_LOW_OFFSET, (uint32_t)to);
    write_register(window, BITSIM_ENTRY_RESULTS_ADDRESS_HIGH_OFFSET, (uint32_t)(to >> 32));
    write_register(window, BITSIM_ENTRY_RESULTS_WORDS_OFFSET, (uint32_t)written);
    write_register(window, BITSIM_ENTRY_RESULTS_FORM_OFFSET, 0); /* the sums themselves */
    write_register(window, BITSIM_COUNT_OFFSET, 1);
    write_register(window, BITSIM_INTERRUPT_STATUS_OFFSET, 7);
    write_register(window, BITSIM_CONTROL_OFFSET, BITSIM_CONTROL_START_MASK);
    if (read_register(window, BITSIM_INTERRUPT_STATUS_OFFSET) & BITSIM_INTERRUPT_STATUS_REFUSED_MASK)
        fail("%s: the start was refused; a list may be running", engine->name);
}

static void wait_for(const struct engine *engine)
{
    time_t begin = time(NULL);
    uint32_t status, errors;
    while (!((status = read_register(engine->window, BITSIM_STATUS_OFFSET)) &
             BITSIM_STATUS_DONE_MASK))
        if (time(NULL) - begin > MOST_SECONDS)
            fail("%s: the list has not ended in %d s", engine->name, MOST_SECONDS);
    errors = (status & BITSIM_STATUS_ERRORS_MASK) >> BITSIM_STATUS_ERRORS_SHIFT;
    if (errors)
        fail("%s: a bus answered with an error (STATUS.errors = %#" PRIx32 ")", engine->name, errors);
}

static size_t number(const char *text, size_t most)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 0);
    if (*text < '0' || *text > '9' || *end != '\0' || value > most)
        fail("%s must be a number, at most %zu", text, most);
    return (size_t)value;
}

int main(int count, char **words)
{
    static struct engine engines[MOST_ENGINES];
    size_t used = count > 6 ? (size_t)count - 6 : 0, wrong = 0;
    uint64_t address, bytes, activations_at = 0;
    uint8_t *buffer;
    if (used < 1 || used > MOST_ENGINES)
        fail("called as: run_list N K M BUFFER ADDRESS WINDOW...");
    n = number(words[1], 1 << 20);
    k = number(words[2], BITSIM_ARRAY_MAX_K_VALUE);
    m = number(words[3], 1 << 10);
    address = number(words[5], SIZE_MAX);
    if (n < used || k < 1 || m < 1 || address % WORD_BYTES)
        fail("N must be at least the number of engines, K and M at least 1, ADDRESS whole words");
    k_beats = ceil_div(k, LANES);
    groups = ceil_div(m, SLICES);
    passes = ceil_div(groups, HOLD);

    /* Where everything lies in the buffer: activations, then weights and results of each engine. */
    bytes = (uint64_t)k_beats * groups * ACTIVATION_WORDS * WORD_BYTES;
    for (size_t e = 0; e < used; ++e) {
        struct engine *engine = &engines[e];
        engine->name = words[6 + e];
        engine->first = n * e / used;
        engine->rows = n * (e + 1) / used - engine->first;
        engine->row_tiles = ceil_div(engine->rows, COLUMNS);
        if (engine->row_tiles > 0xFFFF || k_beats > 0xFFFF || groups > 0xFFFF)
            fail("too large for one phase");
        engine->weights = bytes;
        bytes += (uint64_t)engine->row_tiles * k_beats * STEP_WORDS * WORD_BYTES * PORTS;
        engine->results = bytes;
        bytes += (uint64_t)engine->row_tiles * groups * RESULT_WORDS * WORD_BYTES;
        engine->window = open_window(engine->name);
        identify(engine);
    }
    buffer = map(words[4], 0, bytes);

    weights = malloc(n * k);
    activations = malloc(m * k);
    if (weights == NULL || activations == NULL)
        fail("no memory");
    for (size_t i = 0; i < n * k; ++i)
        weights[i] = (int8_t)(drawn() % 3) - 1;
    for (size_t i = 0; i < m * k; ++i)
        activations[i] = (int8_t)(drawn() >> 24);

    place_activations((int8_t *)buffer + activations_at);
    for (size_t e = 0; e < used; ++e) {
        size_t port_bytes = engines[e].row_tiles * k_beats * STEP_WORDS * WORD_BYTES;
        for (size_t port = 0; port < PORTS; ++port)
            place_weights(buffer + engines[e].weights + port * port_bytes, &engines[e], port);
    }
    __sync_synchronize(); /* memory before the registers that send the engines there */
    for (size_t e = 0; e < used; ++e)
        start(&engines[e], address, activations_at);
    for (size_t e = 0; e < used; ++e)
        wait_for(&engines[e]);
    __sync_synchronize();

    for (size_t e = 0; e < used; ++e) {
        const struct engine *engine = &engines[e];
        size_t faults = wrong_sums(buffer + engine->results, engine);
        printf("%s: %zu rows, %zu wrong sums, %" PRIu64 " cycles, %" PRIu64 " busy, %" PRIu64
               " waiting for weights\n",
               engine->name, engine->rows, faults,
               counter(engine->window, BITSIM_LIST_CYCLES_LOW_OFFSET),
               counter(engine->window, BITSIM_ARRAY_BUSY_LOW_OFFSET),
               counter(engine->window, BITSIM_ARRAY_WAIT_WEIGHTS_LOW_OFFSET));
        wrong += faults;
    }
    free(weights);
    free(activations);
    return wrong != 0;
}
