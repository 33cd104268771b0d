/* Registers of a simulated accelerator, for run_list.c: a window is "FD,FD", requests are lines. */
typedef struct {
    FILE *requests, *answers;
} window_t;

static window_t open_window(const char *name)
{
    window_t window;
    char *rest;
    window.requests = fdopen((int)strtol(name, &rest, 10), "w");
    window.answers = fdopen((int)strtol(rest + 1, NULL, 10), "r");
    if (window.requests == NULL || window.answers == NULL)
        fail("%s: no pipes", name);
    return window;
}

static uint32_t answer(window_t window)
{
    uint32_t value;
    fflush(window.requests);
    if (fscanf(window.answers, "%" SCNx32, &value) != 1)
        fail("the simulation has ended");
    return value;
}

static uint32_t read_register(window_t window, uint32_t offset)
{
    fprintf(window.requests, "%" PRIx32 "\n", offset);
    return answer(window);
}

static void write_register(window_t window, uint32_t offset, uint32_t value)
{
    fprintf(window.requests, "%" PRIx32 " %" PRIx32 "\n", offset, value);
    answer(window);
}
