/**
 * What JupyterLab loads to draw Plotly figures that notebooks hold (application/vnd.plotly.v1+json), with the plotly.js that
 * lies beside this file: no network, and no copy of plotly.js in notebooks. It is a container of webpack's module
 * federation, written by hand: `init` gets what JupyterLab shares, `get` gives the one module.
 */
;(() => {
  const MIME = 'application/vnd.plotly.v1+json'
  const source = new URL('plotly.min.js', document.currentScript.src).href
  let widgets
  let plotly

  function loadPlotly() {
    plotly ??= new Promise((resolve, reject) => {
      const script = document.createElement('script')
      script.src = source
      script.onload = () => resolve(window.Plotly)
      script.onerror = () => reject(new Error(`cannot load ${source}`))
      document.head.append(script)
    })
    return plotly
  }

  function makePlugin() {
    class PlotlyOutput extends widgets.Widget {
      constructor() {
        super()
        this.addClass('neomesh-plotly')
        this.drawn = Promise.resolve()
        // Plotly has 1.5 MB, and saved figures stand below what a notebook shows first: it is loaded when one comes near.
        this.near = new Promise((resolve) => {
          this.observer = new IntersectionObserver(
            (entries) =>
              entries.some(({ isIntersecting }) => isIntersecting) && (this.observer.disconnect(), resolve()),
            { rootMargin: '300px' },
          )
          this.observer.observe(this.node)
        })
      }

      /** Called again for each update of a display. Of updates that come while one is drawn, the last is drawn. */
      renderModel(model) {
        this.figure = model.data[MIME]
        this.fit(this.figure.layout)
        this.drawn = this.drawn.catch(() => {}).then(() => this.draw())
        return this.drawn
      }

      /** What has no size of its own fills the cell. Set before it is drawn, so that nothing below it moves. */
      fit({ width, height } = {}) {
        Object.assign(this.node.style, { width: width ? `${width}px` : '', height: height ? `${height}px` : '' })
      }

      async draw() {
        await this.near
        const { figure } = this
        if (figure === this.shown) return
        const Plotly = await loadPlotly()
        const style = getComputedStyle(document.body)
        const color = style.getPropertyValue('--jp-ui-font-color1') || style.color
        const clear = 'rgba(0,0,0,0)'
        const layout = {
          ...figure.layout,
          font: { ...figure.layout?.font, color },
          paper_bgcolor: clear,
          modebar: { bgcolor: clear, color: 'rgba(128,128,128,0.6)', activecolor: color },
        }
        this.shown = figure
        this.fit(layout) // Plotly forgets the layout's size when it fits a figure in anew
        await Plotly.react(this.node, figure.data, layout, { responsive: true, displaylogo: false, ...figure.config })
      }

      onResize() {
        if (this.shown && this.isVisible) window.Plotly.Plots.resize(this.node)
      }

      dispose() {
        this.observer.disconnect()
        if (this.shown) window.Plotly.purge(this.node)
        super.dispose()
      }
    }
    return {
      id: 'neomesh:plotly',
      rendererFactory: { safe: true, mimeTypes: [MIME], createRenderer: () => new PlotlyOutput() },
      rank: 0,
      dataType: 'json',
    }
  }

  window._JUPYTERLAB ??= {}
  window._JUPYTERLAB.neomesh = {
    async init(shared) {
      const [version] = Object.values(shared['@lumino/widgets'])
      widgets = (await version.get())()
    },
    async get() {
      const plugin = makePlugin()
      return () => ({ __esModule: true, default: plugin }) // without the mark JupyterLab takes the module for the plugin
    },
  }
})()
