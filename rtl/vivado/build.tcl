# Bitstream and hardware description (.xsa) of a Kria KV260 with the engines of machine.tcl.
#
#   vivado -mode batch -source build.tcl                      all of it
#   vivado -mode batch -source build.tcl -tclargs design      no further than the checked design
#
# Everything is written to ./kv260. For Vivado 2022.1 or later with the board files of the Kria SOM.

set here [file dirname [file normalize [info script]]]
source [file join $here machine.tcl]
set steps [expr {[llength $argv] > 0 ? [lindex $argv 0] : "all"}]
if {$steps ni {all design}} {
    error "build.tcl: '$steps' is no step; say 'design', or nothing for all"
}

create_project -force kv260 kv260 -part xck26-sfvc784-2LV-c
set boards [get_board_parts -quiet -latest_file_version {*:kv260_som:part0:*}]
if {[llength $boards] != 1} {
    error "build.tcl: no board files of the KV260; install kv260_som in Vivado's store (Tools, Vivado Store)"
}
set_property board_part [lindex $boards 0] [current_project]
# Connects the carrier, whose peripherals then are in the preset of the processing system.
set_property board_connections \
    {som240_1_connector xilinx.com:kv260_carrier:som240_1_connector:1.3} [current_project]

add_files -norecurse [list [file join $here $machine.v] [file join $here $reference.v]]
add_files -norecurse -fileset constrs_1 [file join $here kv260.xdc]
update_compile_order -fileset sources_1

source [file join $here block_design.tcl]

set wrapper [make_wrapper -files [get_files kv260.bd] -top]
add_files -norecurse $wrapper
set_property top kv260_wrapper [current_fileset]
update_compile_order -fileset sources_1

if {$steps eq "all"} {
    launch_runs impl_1 -to_step write_bitstream -jobs 4
    wait_on_runs impl_1
    if {[get_property PROGRESS [get_runs impl_1]] ne "100%"} {
        error "build.tcl: impl_1 did not finish; see kv260/kv260.runs/impl_1/runme.log"
    }
    open_run impl_1
    report_utilization -hierarchical -file [file join kv260 utilization.txt]
    report_timing_summary -file [file join kv260 timing.txt]
    set slack [get_property STATS.WNS [get_runs impl_1]]
    if {$slack < 0} {
        error "build.tcl: misses $clock_mhz MHz by $slack ns (kv260/timing.txt);\
            lower clock_mhz or add tree_stages in the machine's file, and emit again"
    }
    write_hw_platform -fixed -include_bit -force -file [file join kv260 kv260.xsa]
}
