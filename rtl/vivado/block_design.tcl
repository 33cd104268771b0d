# The block design `kv260`: processing system, engines, and what connects them. Sourced by build.tcl
# in an open project; uses machine, reference, engines, clock_mhz, weight_ports, data_bits,
# address_bits and window_bytes of machine.tcl.
#
# Which master uses which high-performance port: weight stream i (of all engines, one after the
# other) port i mod 4, activations and results of engine e port e mod 4. rtl/README.md has the
# arithmetic.

create_bd_design kv260

set streams [expr {$engines * $weight_ports}]
set ports [expr {min(4, $streams)}]
for {set port 0} {$port < $ports} {incr port} {
    set masters($port) {}
}
for {set stream 0} {$stream < $streams} {incr stream} {
    set engine [expr {$stream / $weight_ports}]
    lappend masters([expr {$stream % $ports}]) \
        engine_$engine/m_axi_weights_[expr {$stream % $weight_ports}]
}
for {set engine 0} {$engine < $engines} {incr engine} {
    lappend masters([expr {$engine % $ports}]) \
        engine_$engine/m_axi_activations engine_$engine/m_axi_results
}

# Processing system. S_AXI_HPi_FPD is SAXIGP(i + 2) in its settings, M_AXI_HPM0_FPD is MAXIGP0.
create_bd_cell -type ip -vlnv xilinx.com:ip:zynq_ultra_ps_e ps
apply_bd_automation -rule xilinx.com:bd_rule:zynq_ultra_ps_e \
    -config {apply_board_preset "1"} [get_bd_cells ps]
set settings [list \
    CONFIG.PSU__FPGA_PL0_ENABLE 1 \
    CONFIG.PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ $clock_mhz \
    CONFIG.PSU__USE__IRQ0 1 \
    CONFIG.PSU__USE__M_AXI_GP0 1 \
    CONFIG.PSU__MAXIGP0__DATA_WIDTH 32 \
    CONFIG.PSU__USE__M_AXI_GP1 0 \
    CONFIG.PSU__USE__M_AXI_GP2 0]
for {set port 0} {$port < $ports} {incr port} {
    set name [expr {$port + 2}]
    lappend settings CONFIG.PSU__USE__S_AXI_GP$name 1
    lappend settings CONFIG.PSU__SAXIGP${name}__DATA_WIDTH [expr {min(128, $data_bits)}]
}
set_property -dict $settings [get_bd_cells ps]

# One clock and one reset for all of it.
create_bd_cell -type ip -vlnv xilinx.com:ip:proc_sys_reset reset
connect_bd_net [get_bd_pins ps/pl_clk0] [get_bd_pins reset/slowest_sync_clk] \
    [get_bd_pins ps/maxihpm0_fpd_aclk]
connect_bd_net [get_bd_pins ps/pl_resetn0] [get_bd_pins reset/ext_reset_in]

proc clocked {cell clock reset} {
    connect_bd_net [get_bd_pins ps/pl_clk0] [get_bd_pins $cell/$clock]
    connect_bd_net [get_bd_pins reset/peripheral_aresetn] [get_bd_pins $cell/$reset]
}

proc smartconnect {cell slaves masters} {
    create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect $cell
    set_property -dict [list CONFIG.NUM_SI $slaves CONFIG.NUM_MI $masters CONFIG.NUM_CLKS 1] \
        [get_bd_cells $cell]
    clocked $cell aclk aresetn
}

proc interface {index kind} {
    return [format %s%02d_AXI $kind $index]
}

# Engines: the registers of engine e are behind port e of `control`, its interrupt is bit e.
smartconnect control 1 $engines
connect_bd_intf_net [get_bd_intf_pins ps/M_AXI_HPM0_FPD] [get_bd_intf_pins control/S00_AXI]
create_bd_cell -type ip -vlnv xilinx.com:ip:xlconcat interrupts
set_property -dict [list CONFIG.NUM_PORTS $engines] [get_bd_cells interrupts]
connect_bd_net [get_bd_pins interrupts/dout] [get_bd_pins ps/pl_ps_irq0]
for {set engine 0} {$engine < $engines} {incr engine} {
    create_bd_cell -type module -reference $reference engine_$engine
    clocked engine_$engine aclk aresetn
    connect_bd_intf_net [get_bd_intf_pins control/[interface $engine M]] \
        [get_bd_intf_pins engine_$engine/s_axi]
    connect_bd_net [get_bd_pins engine_$engine/irq] [get_bd_pins interrupts/In$engine]
}

# High-performance ports, each behind a SmartConnect of its own.
for {set port 0} {$port < $ports} {incr port} {
    smartconnect memory_$port [llength $masters($port)] 1
    set index 0
    foreach master $masters($port) {
        connect_bd_intf_net [get_bd_intf_pins $master] \
            [get_bd_intf_pins memory_$port/[interface $index S]]
        incr index
    }
    connect_bd_intf_net [get_bd_intf_pins memory_$port/M00_AXI] \
        [get_bd_intf_pins ps/S_AXI_HP${port}_FPD]
    connect_bd_net [get_bd_pins ps/pl_clk0] [get_bd_pins ps/saxihp${port}_fpd_aclk]
}

# Addresses. Registers of engine e at 0xA0000000 + e * 4 KiB; the masters see the 4 GiB of memory
# where the processors do, and nothing else.
for {set engine 0} {$engine < $engines} {incr engine} {
    assign_bd_address -offset [expr {0xA0000000 + $engine * $window_bytes}] -range $window_bytes \
        -target_address_space [get_bd_addr_spaces ps/Data] \
        [get_bd_addr_segs engine_$engine/s_axi/reg0] -force
}
for {set port 0} {$port < $ports} {incr port} {
    set slave ps/SAXIGP[expr {$port + 2}]/HP$port
    foreach master $masters($port) {
        set space [get_bd_addr_spaces $master]
        assign_bd_address -offset 0x00000000 -range 0x80000000 -target_address_space $space \
            [get_bd_addr_segs ${slave}_DDR_LOW] -force
        if {$address_bits >= 36} {
            assign_bd_address -offset 0x800000000 -range 0x80000000 -target_address_space $space \
                [get_bd_addr_segs ${slave}_DDR_HIGH] -force
        }
        foreach rest {LPS_OCM QSPI} {
            exclude_bd_addr_seg -target_address_space $space [get_bd_addr_segs ${slave}_$rest]
        }
    }
}

validate_bd_design
save_bd_design
