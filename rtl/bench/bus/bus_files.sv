// What the modules of the bus bench read from their files: big-endian numbers of 8 bytes.
package bus_files;
    typedef logic [63:0] numbers_t[];

    // Opens FOLDER/round_R/machine_M/NAME.
    function automatic int open(input int round, input int machine, input string name,
                                input string mode);
        string work, path;
        if ($value$plusargs("work=%s", work) == 0) $fatal(1, "+work=FOLDER is missing");
        path = $sformatf("%s/round_%0d/machine_%0d/%s", work, round, machine, name);
        open = $fopen(path, mode);
        if (open == 0) $fatal(1, "%s: cannot be opened", path);
    endfunction

    function automatic logic [63:0] number(input int file);
        if ($fread(number, file) != 8) $fatal(1, "a file is too short");
    endfunction

    // Their count, then the numbers.
    function automatic numbers_t numbers(input int file);
        int count = int'(number(file));
        numbers   = new[count];
        for (int i = 0; i < count; i++) numbers[i] = number(file);
    endfunction
endpackage
