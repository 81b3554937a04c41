"""Grafana JSON: writes a dashboard with Grafana's own builders."""

from __future__ import annotations

import json
from string import ascii_uppercase
from typing import Any, Final
from urllib.parse import quote

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from tools.dashboards.panels import ANNOTATIONS, OKABE_ITO, Dashboard, Panel, Step, Variable
from tools.dashboards.queries import Query, promql

GENERATED: Final = "Generated from tools/dashboards/*.py by make generate. Do not edit."
_SOURCE: Final = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
_BUILDERS: Final[dict[str, Any]] = {
    "timeseries": timeseries.Panel,
    "stat": stat.Panel,
    "bargauge": bargauge.Panel,
    "table": table.Panel,
    "state-timeline": statetimeline.Panel,
}
_LAST: Final = common.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False).fields("")
_NO_LEGEND_ABOVE: Final = 1


def written(dashboard: Dashboard) -> str:
    """Return the file that Grafana provisions.

    Args:
        dashboard: The dashboard.
    """
    builder = (
        build.Dashboard(dashboard.title)
        .uid(dashboard.uid)
        .description(f"{dashboard.question} {GENERATED}")
        .tags(["otel_trading", "generated"])
        .readonly()
        .refresh(dashboard.refresh)
        .time(f"now-{dashboard.since}", "now")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .timezone("browser")
        .with_variable(_source_variable())
        .link(_others())
    )
    for variable in dashboard.variables:
        builder.with_variable(_variable(variable))
    for name, (color, text, _) in ANNOTATIONS.items():
        builder.annotation(_annotation(name, color, text))
    for number, (panel, place) in enumerate(dashboard.panels(), 1):
        builder.with_panel(_panel(panel, number, place))
    document = json.loads(json.dumps(builder.build(), cls=JSONEncoder))
    for each in document["annotations"]["list"]:
        each |= {"titleFormat": ANNOTATIONS[each["name"]][2], "step": "5s", "useValueForTime": False}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _source_variable() -> build.DatasourceVariable:
    return (
        build.DatasourceVariable("datasource")
        .label("Data source")
        .type("prometheus")
        .current(model.VariableOption(selected=True, text="Prometheus", value="prometheus"))
    )


def _variable(variable: Variable) -> build.QueryVariable:
    builder = (
        build.QueryVariable(variable.name)
        .label(variable.label)
        .datasource(_SOURCE)
        .query(promql(variable.query))
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
    )
    if variable.is_single:
        return builder.multi(multi=False).include_all(include_all=False)
    everything = model.VariableOption(selected=True, text=["All"], value=["$__all"])
    # `.*` also matches series without the label
    return builder.multi(multi=True).include_all(include_all=True).all_value(".*").current(everything)


def _others() -> build.DashboardLink:
    """Return links to the other dashboards, with the same variables and time range."""
    return (
        build.DashboardLink("Dashboards")
        .type(model.DashboardLinkType.DASHBOARDS)
        .tags(["otel_trading"])
        .as_dropdown(as_dropdown=False)
        .include_vars(include_vars=True)
        .keep_time(keep_time=True)
    )


def _annotation(name: str, color: str, text: str) -> build.AnnotationQuery:
    return (
        build.AnnotationQuery()
        .name(name)
        .datasource(_SOURCE)
        .enable(enable=True)
        .icon_color(color)
        .expr(promql(text))
    )


def _panel(panel: Panel, number: int, place: tuple[int, int, int, int]) -> Any:
    x, y, width, height = place
    builder = (
        _BUILDERS[panel.kind]()
        .id(number)
        .title(panel.title)
        .description(panel.description)
        .datasource(_SOURCE)
        .grid_pos(model.GridPos(x=x, y=y, w=width, h=height))
        .unit(panel.unit)
        .thresholds(_thresholds(panel.steps))
        .targets(
            [_target(panel, query, ref) for query, ref in zip(panel.queries, ascii_uppercase, strict=False)]
        )
        .data_links(_links(panel))
        .no_value(panel.nothing or "no data")
    )
    _scale(builder, panel)
    _colours(builder, panel)
    _SHAPES[panel.kind](builder, panel)
    return builder


def _scale(builder: Any, panel: Panel) -> None:
    if panel.minimum is not None:
        builder.min(panel.minimum)
    if panel.maximum is not None:
        builder.max(panel.maximum)
    if panel.decimals is not None:
        builder.decimals(panel.decimals)
    if panel.states:
        builder.mappings([_mapping(panel.states)])


def _thresholds(steps: tuple[Step, ...]) -> build.ThresholdsConfig:
    made = [model.Threshold(value=step.at, color=step.color) for step in steps]
    return build.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(made)


def _mapping(states: dict[float, Any]) -> model.ValueMap:
    made = {
        f"{value:g}": model.ValueMappingResult(text=text, color=color, index=index)
        for index, (value, (text, color)) in enumerate(states.items())
    }
    return model.ValueMap(options=made)


def _target(panel: Panel, query: Query, ref: str) -> prometheus.Dataquery:
    builder = (
        prometheus.Dataquery().expr(query.expr).legend_format(query.legend).ref_id(ref).datasource(_SOURCE)
    )
    if panel.kind == "table":
        builder.format(PromQueryFormat.TABLE)
    if query.exemplars:
        builder.exemplar(exemplar=True)
    return builder.instant() if query.instant else builder.range()


def _links(panel: Panel) -> list[build.DashboardLink]:
    """Return links to the traces and the logs of the service, in Grafana's Explore."""
    if not panel.service:
        return []
    of = panel.service.replace("${", "${__field.labels.")
    traces = {"refId": "A", "queryType": "search", "service": of}
    logs = {"refId": "A", "query": f'service.name:"{of}"', "metrics": [{"id": "1", "type": "logs"}]}
    return [
        _link("Traces in Jaeger", "jaeger", traces),
        _link("Logs in Elasticsearch", "elasticsearch", logs),
    ]


def _link(title: str, source: str, query: dict[str, Any]) -> build.DashboardLink:
    explored = {**query, "datasource": {"type": source, "uid": source}}
    pane = {"datasource": source, "queries": [explored], "range": {"from": "${__from}", "to": "${__to}"}}
    panes = quote(json.dumps({"a": pane}, separators=(",", ":")), safe="${}:,._-")
    return (
        build.DashboardLink(title)
        .url(f"/explore?schemaVersion=1&orgId=1&panes={panes}")
        .target_blank(target_blank=True)
    )


def _colours(builder: Any, panel: Panel) -> None:
    """Set a colour for each known name, or else for each query, and the units that differ."""
    for index, name in enumerate(panel.names):
        builder.override_by_name(name, [_colour("fixed", OKABE_ITO[index % len(OKABE_ITO)])])
    for index, (query, ref) in enumerate(zip(panel.queries, ascii_uppercase, strict=False)):
        properties = []
        if panel.kind == "timeseries" and not panel.names:
            mode = "shades" if "{{" in query.legend else "fixed"
            properties.append(_colour(mode, OKABE_ITO[index % len(OKABE_ITO)]))
        if query.unit:
            properties.append(model.DynamicConfigValue(id_val="unit", value=query.unit))
        if properties:
            builder.override_by_query(ref, properties)


def _colour(mode: str, color: str) -> model.DynamicConfigValue:
    return model.DynamicConfigValue(id_val="color", value={"mode": mode, "fixedColor": color})


def _timeseries(builder: timeseries.Panel, panel: Panel) -> None:
    legend = common.VizLegendOptions().display_mode(shapes.LegendDisplayMode.LIST).calcs(["lastNotNull"])
    builder.legend(legend.placement(shapes.LegendPlacement.BOTTOM).show_legend(show_legend=True))
    builder.tooltip(common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI))
    builder.line_width(2).fill_opacity(0).show_points(shapes.VisibilityMode.NEVER).span_nulls(30_000)
    if panel.line and len(panel.steps) > 1:
        style = shapes.GraphThresholdsStyleMode.DASHED
        builder.thresholds_style(common.GraphThresholdsStyleConfig().mode(style))
    if panel.is_log:
        scale = common.ScaleDistributionConfig().type(shapes.ScaleDistribution.LOG).log(10)
        builder.scale_distribution(scale)


def _stat(builder: stat.Panel, panel: Panel) -> None:
    is_alone = len(panel.queries) == _NO_LEGEND_ABOVE and "{{" not in panel.queries[0].legend
    text = shapes.BigValueTextMode.VALUE if is_alone else shapes.BigValueTextMode.VALUE_AND_NAME
    builder.reduce_options(_LAST).text_mode(text).color_mode(shapes.BigValueColorMode.VALUE)
    builder.graph_mode(shapes.BigValueGraphMode.NONE if panel.states else shapes.BigValueGraphMode.AREA)


def _bargauge(builder: bargauge.Panel, _: Panel) -> None:
    builder.reduce_options(_LAST).orientation(shapes.VizOrientation.HORIZONTAL)
    builder.display_mode(shapes.BarGaugeDisplayMode.BASIC).value_mode(shapes.BarGaugeValueMode.TEXT)


def _states(builder: statetimeline.Panel, _: Panel) -> None:
    builder.show_value(shapes.VisibilityMode.NEVER).fill_opacity(80).row_height(0.8)
    builder.legend(
        common.VizLegendOptions().show_legend(show_legend=True).placement(shapes.LegendPlacement.BOTTOM)
    )


def _table(builder: table.Panel, panel: Panel) -> None:
    """Join the queries to one row for each set of labels, and name and sort the columns."""
    names = list(panel.columns)
    organized = {
        "excludeByName": {"Time": True, **({} if "Value" in names else {"Value": True})},
        "indexByName": {name: index for index, name in enumerate(names)},
        "renameByName": dict(panel.columns),
    }
    builder.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
    builder.with_transformation(model.DataTransformerConfig(id_val="organize", options=organized))
    for query, ref in zip(panel.queries, ascii_uppercase, strict=False):
        column = panel.columns.get(f"Value #{ref}")
        if column and query.unit:
            builder.override_by_name(column, [model.DynamicConfigValue(id_val="unit", value=query.unit)])


_SHAPES: Final[dict[str, Any]] = {
    "timeseries": _timeseries,
    "stat": _stat,
    "bargauge": _bargauge,
    "state-timeline": _states,
    "table": _table,
}
