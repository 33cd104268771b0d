// A digit combiner makes of the digits of a row, highest first, their sum by powers of three, in each place
// of a row tile; `last` is 1 at the last digit. Tiles have any number of words from a beat on, those of a row
// the same.
module digit_combiner_properties #(
    parameter integer PLACES = 3,
    parameter integer BEAT_WORDS = 1,
    parameter integer DIGITS = 3
) (
    input clk,
    input rst,
    input begin_job,
    input [$clog2(DIGITS+1)-1:0] digits,
    input [31:0] word,
    input take,
    input tile_ends
);
    (* anyconst *) wire [7:0] followed;  // a place
    wire last;
    wire [31:0] sum;
    digit_combiner dut (
        .clk(clk), .rst(rst), .\begin (begin_job), .digits(digits), .word(word), .take(take),
        .tile_ends(tile_ends), .last(last), .sum(sum));

    (* hierconn *) wire [$clog2(DIGITS+1)-1:0] \dut.behind , \dut.digits_behind ;
    (* hierconn *) wire \dut.first ;
    (* hierconn *) wire [31:0] \dut.tripled ;
    (* hierconn *) wire [$clog2(PLACES)-1:0] \dut.place ;
    (* hierconn *) wire [31:0] \dut.memory[0] , \dut.memory[1] , \dut.memory[2] , \dut.memory[3] ;
    wire [127:0] kept = {\dut.memory[3] , \dut.memory[2] , \dut.memory[1] , \dut.memory[0] };

    reg job;
    reg [7:0] count, digit, place, last_place;  // digits of a row; this one; of it; of its tiles
    reg [31:0] value;                           // of the followed place, up to the digit taken last
    wire [31:0] total = (digit == 0 ? 0 : value + (value << 1)) + word;
    always @(posedge clk) begin
        if (rst) job <= 0;
        else if (begin_job) begin
            job   <= 1;
            count <= digits == 0 ? 1 : digits;
            digit <= 0;
            place <= 0;
        end else if (take) begin
            if (place == followed) value <= total;
            place <= tile_ends ? 0 : place + 1;
            if (tile_ends) begin
                last_place <= place;
                digit      <= digit + 1 == count ? 0 : digit + 1;
            end
        end
    end

    always @* if ($initstate) assume (rst);
    always @* begin
        assume (followed < PLACES && digits <= DIGITS);
        assume (!begin_job || !job || digit == 0 && place == 0);  // a job has whole rows
        assume (job || !take);
        assume (place < PLACES - 1 || tile_ends);
        assume (place >= BEAT_WORDS - 1 || !tile_ends);  // a tile has whole beats
        if (digit != 0) assume (tile_ends == (place == last_place));
    end

    always @* if (!rst && job) begin
        last_digit: assert (last == (digit + 1 == count));
        if (place == followed) sum_of_digits: assert (sum == total);
        // What makes it inductive.
        counts: assert (count != 0 && count <= DIGITS && digit < count && place < PLACES
            && \dut.behind == count - 1 - digit && \dut.digits_behind == count - 1
            && \dut.first == (digit == 0) && \dut.place == place);
        if (digit != 0) same_tile: assert (last_place < PLACES && place <= last_place);
        if (digit == 0) fresh: assert (\dut.tripled == 0);
        else if (place == followed) tripled: assert (\dut.tripled == value + (value << 1));
        if (digit != 0 && (place <= followed && followed <= last_place) || place > followed && !last)
            memory: assert (kept[32*followed+:32] == value);
        a_row: cover (take && last && digit == 2 && place == 1 && sum == 100 && value == 30);
    end
endmodule
